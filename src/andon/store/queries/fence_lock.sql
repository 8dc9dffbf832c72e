-- Locks the lane's row for this transaction and tells who owns it. Parameter: id.
SELECT epoch, batch FROM progress WHERE id = %(id)s FOR UPDATE
