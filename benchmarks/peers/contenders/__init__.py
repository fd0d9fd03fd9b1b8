"""The contenders, a file each: what is said here is what each may define. What one leaves out, it is not asked for.

``VERSION``
    what the tables call it by, such as "OpenCV 5.0.0".
``decode(data)``
    JPEG bytes -> a fresh RGB array, uint8 [H, W, 3], or [3, H, W] where that is the contender's own way; one thread.
``photo(path)``
    a camera photo -> RGB, uint8 [256, 256, 3], in the soonest way it has; one thread.
``batches(samples, batch)``
    something to iterate over, again and again: (images, labels), float32 from 0 to 1, 256 x 256, in the layout that the
    contender's own users train with; labels are the samples' numbers.
``augmented(samples, batch)``
    the same with RandomResizedCrop(224), a flip in half of the cases, and normalised.

Everything is at the best setting that we found for two cores; what was tried stands in a comment.
"""
