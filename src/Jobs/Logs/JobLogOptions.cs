namespace Rondo.Jobs.Logs;

/// <summary>Settings of the log files of queues.</summary>
public sealed record JobLogOptions
{
    /// <summary>Where they are, <c>QUEUE.log</c> each; null for no files: default.</summary>
    public string? Folder { get; init; }

    /// <summary>A file that would grow beyond it, in bytes, is put aside. Default 20 MB; 10 kB to 10 GB.</summary>
    public long MaxSize { get; init; } = 20_000_000;

    /// <summary>A file whose first line is older is put aside. Default 7 days; 1 min to 366 days.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>So many are kept aside of each queue, <c>QUEUE.log.1</c> the newest. Default 10; 0 to 1,000.</summary>
    public int Keep { get; init; } = 10;

    /// <summary>Checks ranges.</summary>
    /// <exception cref="InvalidOperationException">One is out of its range.</exception>
    public void Check()
    {
        if (MaxSize is < 10_000 or > 10_000_000_000 || MaxAge < TimeSpan.FromMinutes(1) || MaxAge > TimeSpan.FromDays(366) || Keep is < 0 or > 1_000)
        {
            throw new InvalidOperationException($"jobs.log: size {MaxSize}, age {MaxAge}, keep {Keep}; 10 kB to 10 GB, 1 min to 366 days, 0 to 1000");
        }
    }
}
