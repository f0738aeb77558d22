using Microsoft.Extensions.Logging;

namespace Rondo.Imports;

/// <summary>Lines of the log.</summary>
internal static partial class ImportsLog
{
    [LoggerMessage(EventId = 9000, Level = LogLevel.Warning, Message = "Import {Import} of {File} {Verdict}: {Error}")]
    public static partial void Failed(ILogger log, long import, string file, string verdict, string error);
}
