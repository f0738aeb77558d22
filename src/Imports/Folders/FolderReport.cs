using System.Text;
using System.Text.Json;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Imports.Folders;

/// <summary>Moves a file to where it belongs, with what came of it beside it: <c>NAME.report.json</c>, and <c>NAME.rejected.csv</c> when rows were rejected. The file itself is moved last.</summary>
internal static class FolderReport
{
    private static readonly JsonSerializerOptions _json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A file that was not taken at all; where it lies then.</summary>
    public static string Refuse(string folder, FileInfo file, string name, string why)
    {
        var place = PlaceOf(folder, "failed", name, null);
        Write(place + ".report.json", to => to.Write(JsonSerializer.Serialize(new { File = name, State = "refused", Error = why }, _json)));
        Move(file, place);
        return place;
    }

    /// <summary>A file whose import has ended; where it lies then.</summary>
    public static async Task<string> WriteAsync(string folder, FileInfo file, string name, ImportRow row, ImportOperations imports, CancellationToken stop)
    {
        var place = PlaceOf(folder, row.StateNow == "done" ? "done" : "failed", name, row.Id);
        if (row.Rejected > 0)
        {
            await WriteRejectsAsync(place + ".rejected.csv", row, imports, stop).ConfigureAwait(false);
        }

        Write(place + ".report.json", to => to.Write(JsonSerializer.Serialize(
            new
            {
                File = name, Import = row.Id, State = row.StateNow, row.Profile, row.Hash, row.Bytes, Rows = row.Units, Values = row.ValueCount, row.Inserted, row.Replaced, row.Kept, row.Same, row.Skipped, row.Missing,
                row.Rejected, Rejects = row.Rejected > 0 ? Path.GetFileName(place) + ".rejected.csv" : null, Warnings = row.Warnings?.Split('\n') ?? [], Error = row.ErrorNow,
                AcceptedAt = row.CreatedAt.ToString(), FinishedAt = row.FinishedAt?.ToString(),
            },
            _json)));
        Move(file, place);
        return place;
    }

    /// <summary>Its own name, or, where there is such a file already, with what tells it apart.</summary>
    private static string PlaceOf(string folder, string state, string name, long? import)
    {
        var place = Path.Combine(folder, state, name);
        return File.Exists(place) ? Path.Combine(folder, state, $"{Path.GetFileNameWithoutExtension(name)}.{(import is { } id ? $"{id}-" : "")}{Ids.New()}{Path.GetExtension(name)}") : place;
    }

    private static async Task WriteRejectsAsync(string place, ImportRow row, ImportOperations imports, CancellationToken stop)
    {
        string? context = null;
        await using var to = new StreamWriter(place + ".part", append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        RejectFile.Begin(to, row);
        for (var after = 0L; await imports.RejectsAsync(row.Id, after, stop).ConfigureAwait(false) is { Count: > 0 } page; after = page[^1].No)
        {
            RejectFile.Write(to, row, page, ref context);
        }

        RejectFile.End(to, row);
        await to.DisposeAsync().ConfigureAwait(false);
        File.Move(place + ".part", place, overwrite: true);
    }

    private static void Write(string place, Action<TextWriter> write)
    {
        using (var to = new StreamWriter(place + ".part", append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
        {
            write(to);
        }

        File.Move(place + ".part", place, overwrite: true);
    }

    private static void Move(FileInfo file, string place)
    {
        FailPoint.Reach("imports.watch.told");
        file.MoveTo(place);
        FolderFlush.Flush(Path.GetDirectoryName(place)!);
    }
}
