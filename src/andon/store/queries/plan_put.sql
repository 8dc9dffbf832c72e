-- Keeps the plan as a new version if its content is new.
INSERT INTO plan (version, fingerprint, content)
SELECT COALESCE(max(version), 0) + 1, %(fingerprint)s, %(content)s FROM plan
HAVING COALESCE((array_agg(fingerprint ORDER BY version DESC))[1], '') <> %(fingerprint)s
