using Rondo.Imports.Files;
using Rondo.Imports.Formats;
using Rondo.Imports.Profiles;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Readings;
using Rondo.Storage;

namespace Rondo.Imports.Load;

/// <summary>One attempt at one import. While a chunk is stored the next one is read; no more of the file is held than these two.</summary>
internal sealed class ImportRun(Database database, ImportOptions options, EventLog? log, JobContext job, ImportRow row, JobQueue? queue)
{
    private const long MostRejected = 2_000_000;
    private const int MostKept = 100_000;
    private const int MostKeptAtOnce = 1_000;
    private readonly FileVault _vault = new(options.Folder, options.MaxBytes);
    private readonly Profile _profile = ProfileReader.Read(row.ProfileText, $"profile {row.Profile}") with { OnlyMeter = row.Meter };
    private readonly UnknownMeters _unknown = ImportRequest.UnknownOf(row.UnknownMeters) ?? UnknownMeters.Create;
    private readonly SamplePartitions _partitions = new(database);
    private readonly ImportEvents _events = new(log);
    private readonly Chunk[] _chunks = [new(), new()];
    private long _stored;
    private long _committed;
    private long _rejected;
    private Instant _began;

    public async Task RunAsync(CancellationToken stop)
    {
        var path = _vault.PathOf(row.Hash);
        using var file = MeterFile.Open(path, _profile, options.MaxUnpacked);
        var reader = Open(file);
        await BeginAsync(reader, stop).ConfigureAwait(false);
        try
        {
            await LoadAsync(path, file, reader, stop).ConfigureAwait(false);
        }
        catch (ImportRefused)
        {
            await KeepRejectsAsync(path, stop).ConfigureAwait(false);
            throw;
        }
    }

    private async Task LoadAsync(string path, MeterFile file, FormatReader reader, CancellationToken stop)
    {
        if (row.Units == 0 && (_unknown == UnknownMeters.Refuse || row.MaxRejects is not null || HasTotals))
        {
            await CheckAsync(path, stop).ConfigureAwait(false);
        }

        Skip(reader, stop);
        var samples = SampleWriter.For(database.Address.Kind);
        var writer = new ChunkWriter(row.Id, _profile.Overlap, samples);
        var pending = Task.CompletedTask;
        try
        {
            for (var (turn, isLast) = (0, false); !isLast; turn ^= 1)
            {
                var chunk = _chunks[turn];
                isLast = !Fill(reader, file, chunk, stop);
                chunk.IsLast = isLast;
                await PlaceAsync(chunk, stop).ConfigureAwait(false);
                chunk.Group();
                samples.Prepare(chunk.Samples);
                await _partitions.PrepareAsync(chunk.Samples, stop).ConfigureAwait(false);
                await pending.ConfigureAwait(false);
                stop.ThrowIfCancellationRequested();
                pending = StoreAsync(writer, chunk, reader, stop);
            }
        }
        finally
        {
            // Whatever ended the reading, what is on its way is stored or not before anything else is said.
            await pending.ConfigureAwait(false);
        }
    }

    private bool HasTotals => _profile.Totals == Totals.Refuse && _profile.Named("total").Count > 0;

    private FormatReader Open(MeterFile file)
    {
        var reader = FormatReader.Open(file, _profile);
        if (options.Oldest is { } oldest)
        {
            // By when it was accepted: what a run leaves out must not depend on when it runs.
            reader.NotBefore = Math.Max(reader.NotBefore, (row.CreatedAt - oldest).Micros / 1_000_000);
        }

        return reader;
    }

    private async Task BeginAsync(FormatReader reader, CancellationToken stop)
    {
        await database.WriteAsync(
            "imports.begin",
            tx =>
            {
                job.HoldIn(tx);
                if (!ImportStore.Begin(tx, row.Id, job.Id, job.Attempt - 1, reader.HeaderText))
                {
                    throw new ImportGone();
                }

                // The run before could not say itself why it ended: its node died, or the database was away.
                if (row.State == "running" && ImportStore.JobFailure(tx, job.Id, job.Attempt - 1) is { } before)
                {
                    ImportStore.Note(tx, row.Id, before, isPermanent: false);
                }

                _events.Began(tx, ImportStore.Find(tx, row.Id)!);
            },
            stop).ConfigureAwait(false);
        
        // What was kept of a run that was refused is rejected again by this one.
        for (var ahead = row.RejectedAhead; ahead > 0; ahead -= MostKeptAtOnce)
        {
            await WriteHeldAsync("imports.again", tx => ImportStore.DropAhead(tx, row.Id, Math.Min(ahead, MostKeptAtOnce)), stop).ConfigureAwait(false);
        }

        (_stored, _committed, _rejected, _began) = (row.Units, row.Units, row.Rejected - row.RejectedAhead, database.Clock.Now);
    }

    /// <summary>The whole file, before anything of it is stored, for whoever wants it whole or not at all.</summary>
    private async Task CheckAsync(string path, CancellationToken stop)
    {
        using var file = MeterFile.Open(path, _profile, options.MaxUnpacked);
        var reader = Open(file);
        var batch = new Batch();
        var (rejected, first) = (0L, (Reject?)null);
        while (reader.Read(batch))
        {
            rejected += batch.Rejects.Count;
            first ??= batch.Rejects.FirstOrDefault();
            if (HasTotals && batch.Rejects.Find(r => r.Reason == TotalText.Differs) is { } differing)
            {
                throw new ImportRefused($"in line {differing.Line} the total {Names.Shown(differing.Value)} is not the sum of the values. Nothing was stored. Correct the file, or import it by a profile that says totals: reject");
            }

            batch.Clear();
            stop.ThrowIfCancellationRequested();
            if (rejected > row.MaxRejects)
            {
                throw new ImportRefused(
                    $"more than {row.MaxRejects} rows would be rejected, the first one in line {first!.Line}: {first.Reason} in {(first.Field.Length > 0 ? first.Field : "the row")}. Nothing was stored. Correct the file or its profile, or raise --max-rejects");
            }
        }

        if (_unknown == UnknownMeters.Refuse)
        {
            await FindAsync(reader.Channels, stop).ConfigureAwait(false);
            var unknown = reader.Channels.Where(c => c.Place is null).Select(c => c.Series).ToList();
            if (unknown.Count > 0)
            {
                throw new ImportRefused($"{unknown.Count} series are not known: {string.Join(", ", unknown.Take(10))}. Nothing was stored. Import with --unknown create or skip, or make them first");
            }
        }
    }

    /// <summary>
    /// The rejected rows of a file that is refused, behind what is stored of it, as far as it can be read: whoever corrects it wants all of them. Read once more, since what was refused
    /// may have been found out before the last of them was seen.
    /// </summary>
    private async Task KeepRejectsAsync(string path, CancellationToken stop)
    {
        using var file = MeterFile.Open(path, _profile, options.MaxUnpacked);
        var reader = Open(file);
        var batch = new Batch();
        var (kept, seen, characters, isMore) = (0, 0, 0L, true);
        while (isMore && kept < MostKept)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                isMore = reader.Read(batch);
            }
            catch (ImportRefused)
            {
                isMore = false;
            }

            batch.Intervals.Clear();
            if (batch.Units <= _committed)
            {
                batch.Rejects.Clear();
            }

            characters += batch.Rejects.Count > seen ? batch.Rejects[^1].Raw.Length : 0;
            seen = batch.Rejects.Count;
            if (batch.Rejects.Count >= MostKeptAtOnce || characters >= MostRejected || (!isMore && batch.Rejects.Count > 0))
            {
                await WriteHeldAsync("imports.kept", tx => ImportStore.KeepAhead(tx, row.Id, batch.Rejects), stop).ConfigureAwait(false);
                (kept, seen, characters) = (kept + batch.Rejects.Count, 0, 0);
                batch.Rejects.Clear();
            }
        }
    }

    /// <summary>Writes something about the import while this attempt runs it.</summary>
    private Task<bool> WriteHeldAsync(string name, Action<Transaction> work, CancellationToken stop) => database.WriteAgainAsync(
        name,
        tx =>
        {
            job.HoldIn(tx);
            if (ImportStore.Hold(tx, row.Id, job.Id) is null)
            {
                throw new ImportGone();
            }

            work(tx);
            return true;
        },
        stop);

    /// <summary>What is stored is read again and left out: all that later rows depend on (headers, the hour before) is as it was.</summary>
    private void Skip(FormatReader reader, CancellationToken stop)
    {
        var batch = new Batch();
        while (batch.Units < row.Units)
        {
            stop.ThrowIfCancellationRequested();
            if (!reader.Read(batch))
            {
                throw new ImportRefused($"{row.Units} rows of the file are stored and it has {batch.Units}: it is not the file that was begun with");
            }

            batch.Clear();
        }
    }

    private bool Fill(FormatReader reader, MeterFile file, Chunk chunk, CancellationToken stop)
    {
        chunk.Batch.Clear();
        (chunk.From, chunk.Batch.Units, chunk.RejectsBefore) = (_stored, _stored, _rejected);
        var (isMore, rejects, rejected) = (true, 0, 0L);
        while (chunk.Batch.Count < options.ChunkSize && (isMore = reader.Read(chunk.Batch)))
        {
            // Rows without values count as well: a chunk is bounded by what it reads too. And rejected rows are kept as they stand in the file, however long they are.
            rejected += chunk.Batch.Rejects.Count > rejects ? chunk.Batch.Rejects[^1].Raw.Length : 0;
            rejects = chunk.Batch.Rejects.Count;
            if (chunk.Batch.Units - chunk.From >= options.ChunkSize * 10L || rejected >= MostRejected)
            {
                break;
            }
        }

        stop.ThrowIfCancellationRequested();
        (_stored, _rejected, chunk.BytesRead) = (chunk.Batch.Units, _rejected + chunk.Batch.Rejects.Count, isMore ? file.BytesRead : row.Bytes);
        return isMore;
    }

    private async Task PlaceAsync(Chunk chunk, CancellationToken stop)
    {
        // Of many meters a chunk has few values each: they are looked at until there were enough to see their interval.
        var looked = chunk.Batch.Intervals.Where(i => !i.Of.IsLookedAt).GroupBy(i => i.Of).ToList();
        foreach (var values in looked)
        {
            values.Key.Look([.. values], _profile.Shape == FileShape.Long, _profile.SaysInterval);
        }

        var without = looked.Select(v => v.Key).Where(c => c.Place is null).ToList();
        foreach (var piece in without.Chunk(1_000))
        {
            var taken = _unknown == UnknownMeters.Create
                ? await database.WriteAgainAsync(
                    "imports.series",
                    tx =>
                    {
                        job.HoldIn(tx);
                        return SeriesPlaces.Make(tx, piece);
                    },
                    stop).ConfigureAwait(false)
                : await FindAsync(piece, stop).ConfigureAwait(false);
            if (taken.Count > 0)
            {
                throw new ImportRefused($"{taken[0]} is a series of a device; import the file under another channel (channel: in its profile)");
            }
        }

        foreach (var piece in SeriesPlaces.OfOtherInterval(looked.Select(v => v.Key)).Chunk(1_000))
        {
            await WriteHeldAsync("imports.intervals", tx => SeriesPlaces.Say(tx, piece), stop).ConfigureAwait(false);
            foreach (var channel in piece)
            {
                channel.Place = channel.Place! with { IntervalUs = channel.IntervalUs, IsOfThisFile = true };
            }
        }

        foreach (var channel in without)
        {
            channel.Place ??= new SeriesPlace(0, 0, 0);
        }
    }

    private async Task<List<string>> FindAsync(IReadOnlyCollection<MeterChannel> channels, CancellationToken stop)
    {
        var taken = new List<string>();
        foreach (var piece in channels.Chunk(1_000))
        {
            taken.AddRange(await database.ReadAsync("imports.series", tx => SeriesPlaces.Find(tx, piece), stop).ConfigureAwait(false));
        }

        return taken;
    }

    private async Task StoreAsync(ChunkWriter writer, Chunk chunk, FormatReader reader, CancellationToken stop)
    {
        var warnings = chunk.IsLast && reader.Warnings.Count > 0 ? string.Join('\n', reader.Warnings) : null;
        await database.WriteAgainAsync(
            "imports.chunk",
            tx =>
            {
                Write(tx, writer, chunk, warnings);
                return true;
            },
            stop).ConfigureAwait(false);
        _committed = chunk.Batch.Units;
        job.Progress(chunk.BytesRead, row.Bytes, $"{chunk.Batch.Units} rows, {_rejected} rejected");
    }

    private void Write(Transaction tx, ChunkWriter writer, Chunk chunk, string? warnings)
    {
        chunk.RowsPerS = (chunk.Batch.Units - row.Units) / Math.Max(0.001, (tx.Now - _began).TotalSeconds);
        writer.Write(tx, job, chunk, warnings);
        if (chunk.IsLast)
        {
            _events.Ended(tx, ImportStore.Find(tx, row.Id)!);
            Completion.Tell(tx, queue, row.Id);
            job.FinishIn(tx);
        }
        else if (_events.IsDue(tx.Now))
        {
            _events.Progress(tx, ImportStore.Find(tx, row.Id)!);
        }
    }
}
