-- Makes machines known; what the plant file says of them wins.
INSERT INTO machine AS m (machine_id, declared, name, enterprise, site, area, line)
SELECT * FROM unnest(
    %(machine_id)s::text[], %(declared)s::boolean[], %(name)s::text[], %(enterprise)s::text[],
    %(site)s::text[], %(area)s::text[], %(line)s::text[])
ON CONFLICT (machine_id) DO UPDATE SET
    declared = excluded.declared, name = excluded.name, enterprise = excluded.enterprise,
    site = excluded.site, area = excluded.area, line = excluded.line
WHERE (m.declared, m.name, m.enterprise, m.site, m.area, m.line) IS DISTINCT FROM
    (excluded.declared, excluded.name, excluded.enterprise, excluded.site, excluded.area, excluded.line)
