using Microsoft.Extensions.Logging;

namespace Rondo.Imports;

/// <summary>Lines of the log.</summary>
internal static partial class ImportsLog
{
    [LoggerMessage(EventId = 9000, Level = LogLevel.Warning, Message = "Import {Import} of {File} {Verdict}: {Error}")]
    public static partial void Failed(ILogger log, long import, string file, string verdict, string error);

    [LoggerMessage(EventId = 9010, Level = LogLevel.Information, Message = "Watched folder: {News}")]
    public static partial void FileMoved(ILogger log, string news);

    [LoggerMessage(EventId = 9011, Level = LogLevel.Warning, Message = "Watched folder: {News}")]
    public static partial void FileFailed(ILogger log, string news);

    [LoggerMessage(EventId = 9012, Level = LogLevel.Warning, Message = "Watched folder: {Refusal}")]
    public static partial void NotWatched(ILogger log, string refusal);

    [LoggerMessage(EventId = 9100, Level = LogLevel.Information, Message = "{Imports} imports that ended long ago are let go of, and {Files} files of {Bytes} bytes that no import needs")]
    public static partial void Pruned(ILogger log, long imports, long files, long bytes);
}
