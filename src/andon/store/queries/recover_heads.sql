-- Every machine's head, in order of discovery of none: by name.
SELECT {columns} FROM carry ORDER BY machine_id
