namespace Rondo.SystemTests.Support;

/// <summary>A file system in memory of a few megabytes; only root may make one.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("rondo-disk-").FullName;

    private string Ballast => Path.Combine(Folder, "ballast");

    public static async Task<SmallDisk> MountAsync(string size)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "a file system of our own needs root");
        var disk = new SmallDisk();
        await using var mount = new ChildProcess("mount", ["-t", "tmpfs", "-o", $"size={size}", "tmpfs", disk.Folder]);
        if (await mount.ExitAsync() != 0)
        {
            Directory.Delete(disk.Folder);
            Assert.Skip($"a file system of our own cannot be mounted here: {string.Join(' ', mount.Errors)}");
        }

        return disk;
    }

    /// <summary>Takes all the room there is.</summary>
    public void Fill()
    {
        using var file = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        for (var block = new byte[65_536]; block.Length >= 512; block = new byte[block.Length / 2])
        {
            try
            {
                while (true)
                {
                    file.Write(block);
                }
            }
            catch (IOException)
            {
                // Full for a block of this size.
            }
        }
    }

    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync()
    {
        await using (var unmount = new ChildProcess("umount", ["-l", Folder]))
        {
            await unmount.ExitAsync();
        }

        Directory.Delete(Folder);
    }
}
