"""What goes with an image: labels, and masks, boxes and keypoints, which move with it."""
