using System.Runtime.CompilerServices;
using Rondo.Imports;

namespace Rondo.Host.Imports;

/// <summary>The rejected rows of an import as a file, page by page: there may be more than fit into memory.</summary>
internal static class RejectPages
{
    public static async IAsyncEnumerable<string> ReadAsync(ImportOperations imports, ImportRow row, [EnumeratorCancellation] CancellationToken stop)
    {
        var text = new StringWriter();
        RejectFile.Begin(text, row);
        string? context = null;
        for (var after = 0L; ;)
        {
            var page = await imports.RejectsAsync(row.Id, after, stop);
            if (page.Count == 0)
            {
                break;
            }

            after = page[^1].No;
            RejectFile.Write(text, row, page, ref context);
            yield return text.ToString();
            text.GetStringBuilder().Clear();
        }

        RejectFile.End(text, row);
        yield return text.ToString();
    }
}
