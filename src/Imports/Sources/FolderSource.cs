using System.Globalization;

namespace Rondo.Imports.Sources;

/// <summary>A folder of this machine that stays as it is: files are read where they are, once they have stood still for a while.</summary>
internal sealed class FolderSource(SourceAddress address, TimeProvider time) : ISource
{
    private static readonly TimeSpan _settle = TimeSpan.FromSeconds(10);

    public Task<IReadOnlyList<SourceFile>> ListAsync(IReadOnlyDictionary<string, string> known, CancellationToken stop)
    {
        var before = time.GetUtcNow().UtcDateTime - _settle;
        try
        {
            return Task.FromResult<IReadOnlyList<SourceFile>>([.. new DirectoryInfo(address.Folder)
                .EnumerateFiles("*", new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Directory, IgnoreInaccessible = false })
                .Where(f => address.Takes(f.Name) && f.LastWriteTimeUtc <= before)
                .Take(ISource.MostFiles)
                .Select(f => new SourceFile(f.Name, string.Create(CultureInfo.InvariantCulture, $"{f.Length} {f.LastWriteTimeUtc:O}"), f.Length))]);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SourceAway($"the folder {address.Folder} cannot be read: {fault.Message}", fault);
        }
    }

    public async Task FetchAsync(SourceFile file, Func<Stream, Task> take, CancellationToken stop)
    {
        FileStream bytes;
        try
        {
            bytes = File.OpenRead(Path.Combine(address.Folder, file.Name));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SourceAway($"{file.Name} cannot be read: {fault.Message}", fault);
        }

        await using (bytes.ConfigureAwait(false))
        {
            await take(bytes).ConfigureAwait(false);
        }
    }
}
