# What PIXFEED_CODECS=vendored builds: version, archive, its SHA-256, and the folder of the sources inside it if that is
# not the top one. tests/test_codecs.py and checks/check_wheel.py read this file.
#
# Where the hashes come from: Debian's orig.tar.gz of each release, whose hash is that of GitHub's tag archive or of the
# release (libwebp's is signed by its maintainers). zlib-ng and libdeflate are taken from the sdists of Python bindings on
# PyPI (zlib_ng, deflate), which carry their whole releases: PyPI's files never change.
set(pixfeed_archives libjpeg-turbo libpng zlib-ng libdeflate libwebp highway xxhash)
set(pixfeed_archive_libjpeg-turbo 3.1.3
  https://github.com/libjpeg-turbo/libjpeg-turbo/archive/refs/tags/3.1.3.tar.gz
  3a13a5ba767dc8264bc40b185e41368a80d5d5f945944d1dbaa4b2fb0099f4e5)
set(pixfeed_archive_libpng 1.6.58
  https://github.com/pnggroup/libpng/archive/refs/tags/v1.6.58.tar.gz
  a9d4df463d36a6e5f9c29bd6f4967312d17e996c1854f3511f833924eb1993cf)
set(pixfeed_archive_zlib-ng 2.3.3
  https://files.pythonhosted.org/packages/25/c8/2914b13c7972dccf8774947ffe781b761b483aa190e55a4aa89886982daa/zlib_ng-1.1.0.tar.gz
  08a3a8468d4f130e3dc80d28ec42fcc7a878a57dfed616233e791066327d78a3
  src/zlib_ng/zlib-ng)
set(pixfeed_archive_libdeflate 1.26
  https://files.pythonhosted.org/packages/99/37/6822da3fcc811eb6839f4c1165407c4f23580e6b29ea29509c9544f4e604/deflate-0.9.0.tar.gz
  962e0a6f1ea3a94b900a8ea0ce138fa92bfcbafda5b86367104a259ffcd3462b
  libdeflate)
set(pixfeed_archive_libwebp 1.6.0
  https://storage.googleapis.com/downloads.webmproject.org/releases/webp/libwebp-1.6.0.tar.gz
  e4ab7009bf0629fd11982d4c2aa83964cf244cffba7347ecd39019a9e38c4564)
set(pixfeed_archive_highway 1.3.0
  https://github.com/google/highway/archive/refs/tags/1.3.0.tar.gz
  07b3c1ba2c1096878a85a31a5b9b3757427af963b1141ca904db2f9f4afe0bc2)
set(pixfeed_archive_xxhash 0.8.3
  https://github.com/Cyan4973/xxHash/archive/refs/tags/v0.8.3.tar.gz
  aae608dfe8213dfd05d909a57718ef82f30722c392344583d3f39050c7f29a80)
