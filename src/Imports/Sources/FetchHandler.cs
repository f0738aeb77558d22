using Rondo.Imports.Files;
using Rondo.Imports.Profiles;
using Rondo.Imports.Sources;
using Rondo.Jobs;
using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>Arguments of <c>imports.fetch</c>.</summary>
/// <param name="Source">Name of the source. Where it is the settings of the node say: whoever may enqueue jobs must not thereby read whatever this machine can.</param>
public sealed record FetchArgs(string Source);

/// <summary>
/// Looks at a source and imports what is new there. A file is known by its name and by what changes when it does, and written down as fetched once it is handed in; whoever is ended
/// in between fetches it again, and the same bytes are the same import.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="options">Settings of imports.</param>
/// <param name="sources">The sources of this node.</param>
/// <param name="imports">Takes files in.</param>
/// <param name="time">Time.</param>
/// <param name="web">Asks by HTTPS; it is not disposed here.</param>
/// <param name="sftp">The SFTP client of the system.</param>
public sealed class FetchHandler(Database database, ImportOptions options, IReadOnlyList<SourceDefinition> sources, Func<ImportOperations> imports, TimeProvider time, HttpMessageHandler web, string sftp = "sftp") : IJobHandler<FetchArgs>
{
    /// <summary>Name of the kind.</summary>
    public const string Kind = "imports.fetch";

    /// <summary>Files of one run; the rest comes with the next.</summary>
    private const int MostAtOnce = 500;

    /// <summary>How its jobs run.</summary>
    public static HandlerOptions<FetchArgs> Options { get; } = new()
    {
        Queue = ImportHandler.Queue, Attempts = 4, Timeout = TimeSpan.FromHours(6), Backoff = RetryPolicy.Exponential(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(30)),
    };

    /// <inheritdoc/>
    public async Task<JobResult> Handle(FetchArgs args, JobContext job, CancellationToken stop)
    {
        if (sources.FirstOrDefault(s => s.Name == args.Source) is not { } definition)
        {
            return JobResult.Retry($"there is no source '{Names.Shown(args.Source)}' in the settings of node {job.Fence.Node} (imports.sources); every node that imports needs the same");
        }

        var refused = new List<string>();
        var taken = 0;
        var source = Open(definition.Address);
        using var closed = source as IDisposable;
        try
        {
            var known = await database.ReadAsync("imports.source.known", tx => SourceStore.Known(tx, args.Source), stop).ConfigureAwait(false);
            var files = await source.ListAsync(known, stop).ConfigureAwait(false);
            foreach (var file in files.Where(f => known.GetValueOrDefault(f.Name) != f.Version).Take(MostAtOnce))
            {
                long? import = null;
                try
                {
                    await source.FetchAsync(file, async bytes => import = await HandInAsync(definition, file, bytes, stop).ConfigureAwait(false), stop).ConfigureAwait(false);
                    job.Log($"{file.Name} is import {import}");
                }
                catch (ImportRefused refusal) when (refusal.InnerException is not (IOException or UnauthorizedAccessException))
                {
                    // Written down as seen: it would be refused again, and is told of by this job.
                    refused.Add($"{file.Name}: {refusal.Message}");
                    job.Log($"{file.Name} was refused: {refusal.Message}", "warn");
                }

                await database.WriteAsync("imports.source.seen", tx => Seen(tx, job, args.Source, file, import), stop).ConfigureAwait(false);
                job.Progress(++taken, note: file.Name);
            }

            await ForgetAsync(args.Source, known.Keys.Except(files.Select(f => f.Name), StringComparer.Ordinal), stop).ConfigureAwait(false);
        }
        catch (SourceAway away)
        {
            return JobResult.Retry(away.Message);
        }
        catch (ImportRefused refusal)
        {
            return JobResult.Retry(refusal.Message);
        }

        return refused.Count == 0 ? JobResult.Done : JobResult.Discard($"{refused.Count} files were refused: {string.Join("; ", refused.Take(5))}");
    }

    private ISource Open(SourceAddress address) => address.Url.Scheme switch
    {
        "https" => new HttpsSource(address, web),
        "sftp" => new SftpSource(address, sftp, options.Folder, options.MaxBytes),
        _ => new FolderSource(address, time),
    };

    private async Task<long> HandInAsync(SourceDefinition source, SourceFile file, Stream bytes, CancellationToken stop)
    {
        var profiles = new ProfileCatalogue(options.Profiles);
        var request = new ImportRequest { File = file.Name, Profile = profiles.All()[0].Profile, Tags = [source.Name] };
        if (source.Profile is { } named)
        {
            return (await imports().AddAsync(request with { Profile = profiles.Find(named) }, bytes, stop).ConfigureAwait(false)).Id;
        }

        // To see which profile fits, the file has to be here.
        var vault = new FileVault(options.Folder, options.MaxBytes);
        return await vault.BorrowAsync(
            bytes,
            async path =>
            {
                await using var again = File.OpenRead(path);
                return (await imports().AddAsync(request with { Profile = profiles.Choose(null, path, file.Name, null, options.MaxUnpacked, stop) }, again, stop).ConfigureAwait(false)).Id;
            },
            stop).ConfigureAwait(false);
    }

    private static void Seen(Transaction tx, JobContext job, string source, SourceFile file, long? import)
    {
        job.HoldIn(tx);
        SourceStore.Seen(tx, source, file, import);
    }

    /// <summary>What the source does not have any more need not be remembered.</summary>
    private async Task ForgetAsync(string source, IEnumerable<string> names, CancellationToken stop)
    {
        foreach (var piece in names.Chunk(500))
        {
            await database.WriteAsync("imports.source.forget", tx => Array.ForEach(piece, name => SourceStore.Forget(tx, source, name)), stop).ConfigureAwait(false);
        }
    }
}
