"""``python -m pixfeed``: print what runs here."""

from pixfeed.info import show_config

if __name__ == "__main__":
    show_config()
