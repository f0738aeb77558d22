using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Rondo.Storage;

namespace Rondo.Imports.Sources;

/// <summary>
/// A folder by SFTP, through the OpenSSH client of the system: keys, known hosts and whatever else are those of the user that Rondo runs as (<c>~/.ssh/config</c>). It asks
/// nothing (BatchMode), so what is not set up there is an error and no prompt.
/// </summary>
internal sealed partial class SftpSource(SourceAddress address, string program, string folder, long maxBytes) : ISource
{
    private const int MostOutput = 4 * 1024 * 1024;
    private const int MostError = 2_000;
    private static readonly SearchValues<char> _unfit = SearchValues.Create("\"\\*?[]");

    public async Task<IReadOnlyList<SourceFile>> ListAsync(IReadOnlyDictionary<string, string> known, CancellationToken stop)
    {
        List<SourceFile> files = [];
        foreach (var line in (await RunAsync("ls -ln", stop).ConfigureAwait(false)).Split('\n'))
        {
            // Names that could not be told to the client in quotes are left alone.
            if (Listed().Match(line.TrimEnd('\r')) is { Success: true } found && found.Groups["name"].Value is var name && address.Takes(name) && !name.AsSpan().ContainsAny(_unfit) && !name.Any(char.IsControl))
            {
                files.Add(new SourceFile(name, $"{found.Groups["size"].Value} {Spaces().Replace(found.Groups["time"].Value, " ")}", long.Parse(found.Groups["size"].Value, CultureInfo.InvariantCulture)));
            }
        }

        return files.Count <= ISource.MostFiles ? files : throw new SourceAway($"{address.Folder} holds {files.Count:N0} files that are wanted; at most {ISource.MostFiles:N0} are looked at");
    }

    public async Task FetchAsync(SourceFile file, Func<Stream, Task> take, CancellationToken stop)
    {
        if (file.Bytes > maxBytes)
        {
            throw new ImportRefused($"{file.Name} has {file.Bytes:N0} bytes and a file may have {maxBytes:N0}; raise imports.max_size");
        }

        if (folder.AsSpan().IndexOfAny('"', '\\', '\n') >= 0)
        {
            throw new ImportRefused($"the folder {folder} has quotes in its name, and the ssh client is told of it in quotes; name another by imports.folder");
        }

        Directory.CreateDirectory(folder);
        var to = Path.Combine(folder, $"new-{Ids.New()}");
        try
        {
            await RunAsync($"get \"{file.Name}\" \"{to}\"", stop).ConfigureAwait(false);
            await using var bytes = File.OpenRead(to);
            await take(bytes).ConfigureAwait(false);
        }
        catch (FileNotFoundException fault)
        {
            throw new SourceAway($"{file.Name} was not fetched", fault);
        }
        finally
        {
            File.Delete(to);
        }
    }

    private async Task<string> RunAsync(string command, CancellationToken stop)
    {
        var url = address.Url;
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        string[] arguments =
        [
            "-q", "-b", "-", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4", .. (url.Port > 0 ? new[] { "-P", $"{url.Port}" } : []), "--",
            url.UserInfo.Length > 0 ? $"{Uri.UnescapeDataString(url.UserInfo)}@{url.IdnHost}" : url.IdnHost,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            throw new SourceAway($"the program {program} cannot be started: {fault.Message}. Install the OpenSSH client", fault);
        }

        using (process)
        {
            try
            {
                var (output, error) = (ReadAsync(process.StandardOutput, MostOutput, stop), ReadAsync(process.StandardError, MostError, stop));
                try
                {
                    await process.StandardInput.WriteAsync($"cd \"{address.Folder}\"\n{command}\n".AsMemory(), stop).ConfigureAwait(false);
                    process.StandardInput.Close();
                }
                catch (IOException)
                {
                    // It has ended already; what it said tells why.
                }

                var said = await output.ConfigureAwait(false);
                var why = await error.ConfigureAwait(false);
                await process.WaitForExitAsync(stop).ConfigureAwait(false);
                return process.ExitCode == 0 ? said : throw new SourceAway($"{url.Host} by SFTP: {(why.Trim() is { Length: > 0 } text ? text.ReplaceLineEndings(" ") : $"the client ended with {process.ExitCode}")}");
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
    }

    /// <summary>All of it, of which so much is kept: whoever writes must not be held up.</summary>
    private static async Task<string> ReadAsync(StreamReader from, int most, CancellationToken stop)
    {
        var text = new StringBuilder();
        var block = new char[8_192];
        while (await from.ReadAsync(block, stop).ConfigureAwait(false) is var read and > 0)
        {
            text.Append(block, 0, Math.Min(read, Math.Max(0, most - text.Length)));
        }

        return text.ToString();
    }

    [GeneratedRegex(@"^-[rwxsStT-]{9}\S*\s+\S+\s+\S+\s+\S+\s+(?<size>\d{1,18})\s+(?<time>\w{3}\s+\d{1,2}\s+[\d:]{4,5})\s(?<name>.+)$", RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex Listed();

    [GeneratedRegex(@"\s+", RegexOptions.None, 1_000)]
    private static partial Regex Spaces();
}
