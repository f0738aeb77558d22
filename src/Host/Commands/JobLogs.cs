using Rondo.Jobs.Logs;

namespace Rondo.Host.Commands;

/// <summary>Files of the log of each queue beside the log of a command.</summary>
internal static class JobLogs
{
    /// <summary>They, or null when the settings name no folder. Dispose them after the logs.</summary>
    public static JobLogFiles? Open(JobLogOptions options, TimeProvider time) => options.Folder is null ? null : new JobLogFiles(options, time);

    /// <summary>The same logs, which write to <paramref name="files"/> too.</summary>
    public static ILoggerFactory With(this ILoggerFactory logs, JobLogFiles? files)
    {
        if (files is not null)
        {
            logs.AddProvider(files);
        }

        return logs;
    }
}
