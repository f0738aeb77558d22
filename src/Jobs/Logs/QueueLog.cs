using System.Text;

namespace Rondo.Jobs.Logs;

/// <summary>
/// The log file of one queue. It is opened for each batch of lines and closed again, so that one that was moved, removed or cut short by others (logrotate in any of its
/// manners) is simply the next one to be made; the lock that an open file has keeps processes that share a folder apart.
/// </summary>
internal sealed class QueueLog(string queue, JobLogOptions options, TimeProvider time)
{
    /// <summary>Lines and characters that may wait; what comes then is counted and dropped.</summary>
    public const int MostLines = 5_000, MostText = 1_000_000;

    private static readonly TimeSpan _again = TimeSpan.FromSeconds(1);
    private readonly string _path = Path.Combine(options.Folder!, queue + ".log");
    private readonly Lock _gate = new();
    private readonly StringBuilder _waiting = new();
    private int _lines;
    private long _dropped;
    private long _untold;
    private long _failedAt;

    public string File => _path;

    /// <summary>How bytes come into a file; tests have it fail half-way.</summary>
    public Action<FileStream, byte[]> Into { get; init; } = (file, bytes) => file.Write(bytes);

    /// <summary>Lines that were dropped since the start.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Why the last batch was not written, or null.</summary>
    public string? Fault { get; private set; }

    public void Add(string line)
    {
        lock (_gate)
        {
            if (_lines >= MostLines || _waiting.Length + line.Length > MostText)
            {
                _dropped++;
                _untold++;
                return;
            }

            _lines++;
            _waiting.Append(line).Append('\n');
        }
    }

    /// <summary>Writes what waits. A disk that does not take it has it offered again, not more often than once a second unless <paramref name="isLast"/>.</summary>
    public void Write(bool isLast = false)
    {
        string text;
        int lines;
        long untold;
        lock (_gate)
        {
            (text, lines, untold) = (_waiting.ToString(), _lines, _untold);
        }

        if (lines == 0 || (!isLast && Fault is not null && time.GetElapsedTime(_failedAt) < _again))
        {
            return;
        }

        try
        {
            Append(untold == 0 ? text : text + $"{Stamp(time)} warn queue={queue} {untold} lines before this one were dropped\n");
            Fault = null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            Fault = fault.Message;
            _failedAt = time.GetTimestamp();
            return;
        }

        lock (_gate)
        {
            _waiting.Remove(0, text.Length);
            _lines -= lines;
            _untold -= untold;
        }
    }

    /// <summary>The time as a line begins with it; all have one length, so that the first line of a file tells how old it is.</summary>
    public static string Stamp(TimeProvider time) => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");

    private void Append(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Directory.CreateDirectory(options.Folder!);
        using (var file = Open())
        {
            if (file.Length == 0 || !(file.Length + bytes.Length > options.MaxSize || IsOld(file)))
            {
                Put(file, bytes);
                return;
            }

            // While the file is held: nobody else who writes to it by these rules puts it aside at the same time.
            PutAside();
        }

        using var next = Open();
        Put(next, bytes);
    }

    private FileStream Open()
    {
        var how = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        }

        return new FileStream(_path, how);
    }

    private void Put(FileStream file, byte[] bytes)
    {
        var length = file.Length;
        try
        {
            file.Seek(0, SeekOrigin.End);
            Into(file, bytes);
        }
        catch (IOException)
        {
            // Half of a batch is not left behind: the whole of it comes again.
            file.SetLength(length);
            throw;
        }
    }

    private bool IsOld(FileStream file)
    {
        Span<byte> stamp = stackalloc byte[24];
        file.Seek(0, SeekOrigin.Begin);
        return file.ReadAtLeast(stamp, stamp.Length, throwOnEndOfStream: false) == stamp.Length
            && DateTimeOffset.TryParseExact(
                Encoding.ASCII.GetString(stamp), "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", null, System.Globalization.DateTimeStyles.AssumeUniversal, out var began)
            && time.GetUtcNow() - began > options.MaxAge;
    }

    private void PutAside()
    {
        if (options.Keep == 0)
        {
            System.IO.File.Delete(_path);
            return;
        }

        for (var n = options.Keep - 1; n >= 1; n--)
        {
            if (System.IO.File.Exists($"{_path}.{n}"))
            {
                System.IO.File.Move($"{_path}.{n}", $"{_path}.{n + 1}", overwrite: true);
            }
        }

        System.IO.File.Move(_path, _path + ".1", overwrite: true);
    }
}
