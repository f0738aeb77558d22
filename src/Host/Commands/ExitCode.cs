namespace Rondo.Host.Commands;

/// <summary>What every command ends with.</summary>
internal static class ExitCode
{
    /// <summary>Done, or healthy.</summary>
    public const int Ok = 0;

    /// <summary>A problem was met or found; degraded.</summary>
    public const int Problem = 1;

    /// <summary>It does not do its work: critical.</summary>
    public const int Critical = 2;

    /// <summary>The command, its options, its files or the settings are wrong (EX_USAGE of sysexits.h).</summary>
    public const int Misuse = 64;

    /// <summary>A server that has done its share of jobs and wants another one in its place (EX_TEMPFAIL of sysexits.h): start it again.</summary>
    public const int Recycled = 75;

    /// <summary>Ended by Ctrl-C before it was done (128 + SIGINT, as shells say it).</summary>
    public const int Interrupted = 130;
}

/// <summary>Ends a command with one sentence for the person who typed it; caught once, at the border of the command line.</summary>
internal sealed class CommandFault(int code, string message) : Exception(message)
{
    public int Code { get; } = code;
}
