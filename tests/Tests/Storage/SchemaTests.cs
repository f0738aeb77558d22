using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

/// <summary>The schema that the migrations make is an approved file, so that a change of it is reviewed as a diff.</summary>
public sealed class SchemaTests
{
    [Theory, BothDatabases]
    public async Task The_schema_is_the_approved_one(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var found = kind == DatabaseKind.Sqlite ? await SqliteAsync(store) : await PostgresAsync(store);
        var file = Repository.At("tests", "Approved", $"schema.{(kind == DatabaseKind.Sqlite ? "sqlite" : "postgres")}.sql");
        if (Environment.GetEnvironmentVariable("RONDO_APPROVE") == "1")
        {
            await File.WriteAllTextAsync(file, found);
        }

        Assert.True(File.Exists(file), $"{file} is missing: RONDO_APPROVE=1 writes it");
        var approved = (await File.ReadAllTextAsync(file)).ReplaceLineEndings("\n");
        Assert.True(approved == found, $"The schema differs from {Repository.Relative(file)}. If that is meant, run with RONDO_APPROVE=1 and review the diff.\n{Difference(approved, found)}");
    }

    private static string Difference(string approved, string found)
    {
        var (was, now) = (approved.Split('\n'), found.Split('\n'));
        return string.Join('\n', was.Except(now).Select(line => "- " + line).Concat(now.Except(was).Select(line => "+ " + line)));
    }

    private static async Task<string> SqliteAsync(TestStore store) => string.Concat(
        (await store.QueryAsync<string>("select sql from sqlite_schema where sql is not null and name not like 'sqlite_%' order by tbl_name, type desc, name"))
            .Select(text => string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd()).Where(line => !line.TrimStart().StartsWith("--", StringComparison.Ordinal))) + ";\n\n")).TrimEnd('\n') + "\n";

    /// <summary>Tables with columns, constraints and indexes, then views, as the catalogue tells them; partitions come and go and are left out.</summary>
    private static async Task<string> PostgresAsync(TestStore store)
    {
        var lines = await store.QueryAsync<string>("""
            with t as (
              select c.oid, c.relname::text as name, c.relkind, c.relpartbound is not null as is_part from pg_class c
              where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
            ), line as (
              select name, 0 as part, 0 as n, case relkind when 'v' then 'view ' when 'S' then 'sequence ' else 'table ' end || name
                || case when relkind = 'p' then ' partition by ' || pg_get_partkeydef(oid) else '' end as text
              from t where not is_part
              union all
              select t.name, 1, a.attnum, '  ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                || case when a.attnotnull then ' not null' else '' end
                || case a.attidentity when '' then '' else ' identity ' || a.attidentity::text end
                || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
              from t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
                left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
              where not is_part and relkind in ('r', 'p', 'v')
              union all
              select t.name, 2, row_number() over (partition by t.name order by k.contype, k.conname), '  ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
              from t join pg_constraint k on k.conrelid = t.oid where not is_part
              union all
              select t.name, 3, row_number() over (partition by t.name order by i.relname), '  ' || pg_get_indexdef(x.indexrelid)
              from t join pg_index x on x.indrelid = t.oid join pg_class i on i.oid = x.indexrelid
              where not is_part and not exists (select 1 from pg_constraint k where k.conindid = x.indexrelid)
              union all
              select t.name, 4, 0, pg_get_viewdef(t.oid) from t where relkind = 'v'
            )
            select text from line order by name collate "C", part, n
            """);
        return string.Join('\n', lines.Select((line, i) => (i > 0 && !line.StartsWith(' ') ? "\n" : "") + line.ReplaceLineEndings("\n"))) + "\n";
    }
}
