-- Who owns the lane. Parameter: id.
SELECT epoch, batch, "now", engine FROM progress WHERE id = %(id)s
