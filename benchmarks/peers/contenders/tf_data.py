"""tf.data: AUTOTUNE, a private pool of a thread a core, any order of images, two batches ahead; [B, H, W, 3].

Its JPEG decoding is libjpeg-turbo's fast, inexact one by default, and stays so here."""

from __future__ import annotations

import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""
import tensorflow as tf

from benchmarks.peers.job import CORES, CROP, MEAN, SIDE, STD, Samples

VERSION = f"tf.data (TensorFlow {tf.__version__})"
GAIN = tf.constant([1 / (255 * std) for std in STD])
SHIFT = tf.constant([mean / std for mean, std in zip(MEAN, STD, strict=True)])


def decode(data: bytes) -> tf.Tensor:
    return tf.io.decode_jpeg(data, channels=3)


def photo(path: str) -> tf.Tensor:
    data = tf.io.read_file(path)
    shorter = int(tf.reduce_min(tf.io.extract_jpeg_shape(data)[:2]))
    ratio = max((n for n in (1, 2, 4, 8) if shorter >= n * SIDE), default=1)
    image = tf.io.decode_jpeg(data, channels=3, ratio=ratio)
    return tf.cast(tf.image.resize(image, (SIDE, SIDE)) + 0.5, tf.uint8)


def load(path: tf.Tensor, label: tf.Tensor):
    image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    return tf.image.resize(image, (SIDE, SIDE)) * (1 / 255), label


def load_augmented(path: tf.Tensor, label: tf.Tensor):
    data = tf.io.read_file(path)
    begin, size, _ = tf.image.sample_distorted_bounding_box(
        tf.io.extract_jpeg_shape(data),
        tf.zeros([1, 0, 4]),
        area_range=(0.08, 1),
        aspect_ratio_range=(3 / 4, 4 / 3),
        min_object_covered=0,
        use_image_if_no_bounding_boxes=True,
    )
    image = tf.image.decode_and_crop_jpeg(data, tf.concat([begin[:2], size[:2]], 0), channels=3)
    image = tf.image.random_flip_left_right(tf.image.resize(image, (CROP, CROP)))
    return image * GAIN - SHIFT, label


def pipeline(samples: Samples, batch: int, load) -> tf.data.Dataset:
    paths = samples.paths
    options = tf.data.Options()
    options.deterministic = False
    options.threading.private_threadpool_size = CORES
    options.threading.max_intra_op_parallelism = 1
    data = tf.data.Dataset.from_tensor_slices((paths, list(range(len(paths)))))
    data = data.map(load, num_parallel_calls=tf.data.AUTOTUNE).batch(batch).prefetch(2)
    return data.with_options(options)


def batches(samples: Samples, batch: int) -> tf.data.Dataset:
    return pipeline(samples, batch, load)


def augmented(samples: Samples, batch: int) -> tf.data.Dataset:
    return pipeline(samples, batch, load_augmented)
