"""The targets of images: labels; masks, boxes and keypoints, which move with the image."""
