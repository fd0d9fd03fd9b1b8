"""Snippets of docs/coming-from.md: pixfeed's loader in the training loops of other libraries.

What needs a library that is not installed is skipped. Accelerate: test_frameworks_accelerate.py.
"""

from __future__ import annotations

import pytest
import torch
from images import jpeg, picture

import pixfeed
from pixfeed import transforms as T
from pixfeed.datasets import ImageFolder

pytestmark = pytest.mark.slow_on_opencv

COUNT = 24


@pytest.fixture
def folder(tmp_path, backend, monkeypatch):
    """24 pictures in 3 classes. Snippets name no backend, so the environment does."""
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    root = tmp_path / "pictures"
    for i in range(COUNT):
        path = root / f"class {i % 3}" / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(picture(60, 80, seed=i)))
    return root


def small_model() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 3))


def resized(folder) -> ImageFolder:
    return ImageFolder(folder, transform=T.Compose([T.Resize((32, 32)), T.ToTensor()]))


# -- callbacks, as fastai and Keras have them -------------------------------------------------------------------------


class Learner:
    """A loop that tells callbacks what it does."""

    def __init__(self, train, valid, model, callbacks):
        self.train, self.valid, self.model, self.callbacks = train, valid, model, callbacks

    def tell(self, what: str) -> None:
        for callback in self.callbacks:
            getattr(callback, what, lambda learner: None)(self)

    def fit(self, epochs: int) -> None:
        optimizer = torch.optim.SGD(self.model.parameters(), 0.1)
        for self.epoch in range(epochs):
            for self.training in (True, False):
                for batch in self.train if self.training else self.valid:
                    self.xb, self.yb = batch
                    self.tell("before_batch")
                    with torch.set_grad_enabled(self.training):
                        self.loss = torch.nn.functional.cross_entropy(self.model(self.xb), self.yb)
                    if self.training:
                        self.loss.backward()
                        optimizer.step()
                        optimizer.zero_grad()
                    self.tell("after_batch")
            self.tell("after_epoch")


class StopEarly(Exception):
    pass


class Watch:
    """Reads the loader's statistics after each epoch, and keeps its place after each batch."""

    def __init__(self, stop_after: int | None = None):
        self.labels, self.stats, self.state, self.stop_after = [], [], None, stop_after

    def after_batch(self, learner):
        if learner.training:
            self.labels.append(learner.yb.tolist())
            self.state = learner.train.state_dict()
            if len(self.labels) == self.stop_after:
                raise StopEarly

    def after_epoch(self, learner):
        self.stats.append(learner.train.stats())


def test_callbacks_see_statistics_and_go_on_from_a_state(folder):
    def learner(watch):
        order = torch.Generator().manual_seed(3)
        train = pixfeed.DataLoader(resized(folder), 8, shuffle=True, num_workers=2, generator=order)
        return Learner(train, pixfeed.DataLoader(resized(folder), 8, num_workers=2), small_model(), [watch])

    whole, stopped, rest = Watch(), Watch(stop_after=2), Watch()
    learner(whole).fit(2)
    assert [(stats.batches, stats.threads) for stats in whole.stats] == [(3, True)] * 2
    with pytest.raises(StopEarly):
        learner(stopped).fit(2)
    resumed = learner(rest)
    resumed.train.load_state_dict(stopped.state)
    resumed.fit(2)
    assert stopped.labels + rest.labels == whole.labels


def test_fastai(folder):
    learner = pytest.importorskip("fastai.learner", reason="fastai is not installed")
    from fastai.callback.core import Callback
    from fastai.data.core import DataLoaders

    train = pixfeed.DataLoader(resized(folder), 8, shuffle=True, num_workers=2)
    valid = pixfeed.DataLoader(resized(folder), 8, num_workers=2)
    found = []

    class Stats(Callback):
        def after_epoch(self):
            found.append(self.learn.dls.train.stats())

    learn = learner.Learner(
        DataLoaders(train, valid), small_model(), loss_func=torch.nn.functional.cross_entropy, cbs=[Stats()]
    )
    learn.fit(2, 0.1)
    assert [(stats.batches, stats.threads) for stats in found] == [(3, True)] * 2


# -- timm -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefetch", [True, False])
def test_timm(folder, prefetch):
    """The loop of timm's train.py: its transforms, its PrefetchLoader (uint8 images, normalized on the device), its
    Mixup."""
    data = pytest.importorskip("timm.data", reason="timm is not installed")
    from timm.data.loader import PrefetchLoader
    from torchvision import datasets

    def loader(is_training):
        transform = data.create_transform(32, is_training=is_training, use_prefetcher=prefetch)
        made = pixfeed.DataLoader(ImageFolder(folder, transform), 8, is_training, num_workers=2, workers="thread")
        return PrefetchLoader(made, device=torch.device("cpu")) if prefetch else made

    options = dict(is_training=False, use_prefetcher=prefetch, num_workers=0, device=torch.device("cpu"))
    theirs = data.create_loader(datasets.ImageFolder(folder), 32, 8, **options)
    for ours, expected in zip(loader(False), theirs, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))

    model, mixup = small_model(), data.Mixup(mixup_alpha=0.8, num_classes=3)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    steps = 0
    for images, labels in loader(True):
        images, targets = mixup(images, labels)
        torch.nn.functional.cross_entropy(model(images), targets).backward()
        optimizer.step()
        optimizer.zero_grad()
        steps += 1
    assert steps == 3


# -- Lightning --------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::FutureWarning")  # Lightning's, of torch
def test_lightning(folder):
    lightning = pytest.importorskip("lightning", reason="Lightning is not installed")

    class Classifier(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.network, self.stats = small_model(), []

        def training_step(self, batch, index):
            images, labels = batch
            return torch.nn.functional.cross_entropy(self.network(images), labels)

        def on_train_epoch_end(self):
            self.stats.append(self.trainer.train_dataloader.stats())

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    model = Classifier()
    quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer = lightning.Trainer(max_epochs=2, accelerator="cpu", devices=1, **quiet)
    trainer.fit(model, pixfeed.DataLoader(resized(folder), 8, shuffle=True, num_workers=2))
    assert [(stats.batches, stats.threads) for stats in model.stats] == [(3, True)] * 2


# -- Hugging Face's Trainer -------------------------------------------------------------------------------------------


def test_hugging_face_trainer(folder, tmp_path):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    pytest.importorskip("accelerate", reason="Accelerate is not installed")
    import pixfeed.accelerate

    class Trainer(transformers.Trainer):
        def get_train_dataloader(self):
            workers = self.args.dataloader_num_workers
            loader = pixfeed.DataLoader(self.train_dataset, self._train_batch_size, True, num_workers=workers)
            return pixfeed.accelerate.prepare(self.accelerator, loader)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network, self.seen = small_model(), []

        def forward(self, pixel_values, labels):
            self.seen.append(labels.tolist())
            logits = self.network(pixel_values)
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    def train(**resume):
        dataset = ImageFolder(folder, T.Compose([T.Resize((32, 32)), T.ToTensor()]), keys=("pixel_values", "labels"))
        options = dict(per_device_train_batch_size=4, dataloader_num_workers=2, max_steps=12, save_steps=4)
        options |= dict(use_cpu=True, report_to=[], disable_tqdm=True, output_dir=str(tmp_path / "out"))
        trainer = Trainer(Model(), transformers.TrainingArguments(**options), train_dataset=dataset)
        trainer.train(**resume)
        return trainer.model.seen, trainer.callback_handler.train_dataloader.stats()

    seen, stats = train()
    assert len(seen) == 12 and stats.threads and stats.batches == 6
    rest, _ = train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-4"))
    assert rest == seen[4:]
