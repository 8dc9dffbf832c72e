-- Raises the lane's epoch: whoever held it before may write no more. Parameters: id, engine.
INSERT INTO progress (id, epoch, engine) VALUES (%(id)s, 1, %(engine)s)
ON CONFLICT (id) DO UPDATE SET epoch = progress.epoch + 1, engine = excluded.engine
RETURNING epoch, batch, "now"
