using System.Buffers;
using System.Security.Cryptography;
using Rondo.Storage;

namespace Rondo.Imports.Files;

/// <summary>A file as it is kept.</summary>
/// <param name="Hash">SHA-256 of its bytes, 64 hexadecimal digits.</param>
/// <param name="Bytes">Its size.</param>
public sealed record StoredFile(string Hash, long Bytes);

/// <summary>Where files are kept: by what is in them (<c>ab/ab12…</c>), never by a name that somebody gave.</summary>
/// <param name="folder">Full path of the folder.</param>
/// <param name="maxBytes">Largest file.</param>
public sealed class FileVault(string folder, long maxBytes)
{
    private const int Block = 128 * 1024;
    private static readonly SearchValues<char> _hexadecimal = SearchValues.Create("0123456789abcdef");

    /// <summary>The folder.</summary>
    public string Folder => folder;

    /// <summary>Takes a file in as it comes; it is on disk when this returns, whole and under its own name, or not there at all.</summary>
    /// <param name="from">Its bytes.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ImportRefused">It is empty or too large, or the folder cannot be written to.</exception>
    public async Task<StoredFile> PutAsync(Stream from, CancellationToken stop)
    {
        string? temporary = null;
        try
        {
            Directory.CreateDirectory(folder);
            temporary = Path.Combine(folder, $"new-{Ids.New()}");
            var (hash, bytes) = await CopyAsync(from, temporary, stop).ConfigureAwait(false);
            var place = PathOf(hash);
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            File.Move(temporary, place, overwrite: true);
            FolderFlush.Flush(Path.GetDirectoryName(place)!);
            return new StoredFile(hash, bytes);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ImportRefused($"the file cannot be kept in {folder}: {fault.Message} Make room or rights there, or name another folder by imports.folder", fault);
        }
        finally
        {
            if (temporary is not null && File.Exists(temporary))
            {
                File.Delete(temporary);
            }
        }
    }

    /// <summary>Has a file for as long as <paramref name="use"/> takes; nothing of it stays.</summary>
    /// <param name="from">Its bytes.</param>
    /// <param name="use">Gets its path.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ImportRefused">It is empty or too large, or the folder cannot be written to.</exception>
    public async Task<T> BorrowAsync<T>(Stream from, Func<string, Task<T>> use, CancellationToken stop)
    {
        var temporary = Path.Combine(folder, $"new-{Ids.New()}");
        try
        {
            Directory.CreateDirectory(folder);
            await CopyAsync(from, temporary, stop).ConfigureAwait(false);
            return await use(temporary).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ImportRefused($"the file cannot be read in {folder}: {fault.Message} Make room or rights there, or name another folder by imports.folder", fault);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Where the file of that hash is, or would be.</summary>
    public string PathOf(string hash) => hash.Length == 64 && !hash.AsSpan().ContainsAnyExcept(_hexadecimal)
        ? Path.Combine(folder, hash[..2], hash)
        : throw new ArgumentException("a hash has 64 hexadecimal digits", nameof(hash));

    private async Task<(string Hash, long Bytes)> CopyAsync(Stream from, string temporary, CancellationToken stop)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            // What people consume is nobody else's business.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        }

        await using var file = new FileStream(temporary, options);
        var block = new byte[Block];
        var total = 0L;
        while (await from.ReadAsync(block, stop).ConfigureAwait(false) is var read and > 0)
        {
            total += read;
            if (total > maxBytes)
            {
                throw new ImportRefused($"the file has more than {maxBytes:N0} bytes; split it, or raise imports.max_size");
            }

            hash.AppendData(block, 0, read);
            await file.WriteAsync(block.AsMemory(0, read), stop).ConfigureAwait(false);
        }

        if (total == 0)
        {
            throw new ImportRefused("the file is empty");
        }

        file.Flush(flushToDisk: true);
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), total);
    }
}
