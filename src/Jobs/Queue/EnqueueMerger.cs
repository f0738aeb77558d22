using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Rondo.Storage;

namespace Rondo.Jobs.Queue;

/// <summary>
/// Merges what is enqueued at the same time into one insert: whatever has come by the time the last insert is committed goes into the next one. There is no
/// artificial wait, so one caller alone waits for its own insert and nothing else.
/// </summary>
internal sealed class EnqueueMerger : IAsyncDisposable
{
    private const int MaxMerged = 500;
    private const int Capacity = 10_000;
    private readonly Database _database;
    private readonly EnqueueStore _store;
    private readonly Action<IReadOnlyCollection<string>> _accepted;
    private readonly Channel<Waiting> _waiting = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(Capacity) { SingleReader = false });
    private readonly Lock _gate = new();
    private int _writers;

    public EnqueueMerger(Database database, EnqueueStore store, Action<IReadOnlyCollection<string>> accepted)
    {
        _database = database;
        _store = store;
        _accepted = accepted;
    }

    public async Task<Enqueued> EnqueueAsync(NewJob job, CancellationToken stop)
    {
        var waiting = new Waiting(job);
        await _waiting.Writer.WriteAsync(waiting, stop).ConfigureAwait(false);
        lock (_gate)
        {
            // On PostgreSQL the next insert is sent while the last one still waits for its commit.
            if (_writers < (_database.Dialect == Dialect.Postgres ? 2 : 1))
            {
                _writers++;
                _ = Task.Run(WriteAllAsync, CancellationToken.None);
            }
        }

        return await waiting.Done.Task.ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        return default;
    }

    private async Task WriteAllAsync()
    {
        while (true)
        {
            var batch = new List<Waiting>();
            while (batch.Count < MaxMerged && _waiting.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }

            if (batch.Count == 0)
            {
                lock (_gate)
                {
                    if (_waiting.Reader.Count == 0)
                    {
                        _writers--;
                        return;
                    }
                }

                continue;
            }

            await WriteAsync(batch).ConfigureAwait(false);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, those who wait must hear it.")]
    private async Task WriteAsync(List<Waiting> batch)
    {
        var jobs = batch.ConvertAll(w => w.Job);
        try
        {
            await _database.WriteAsync("jobs.enqueue", tx => { _store.Insert(tx, jobs); }).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            batch.ForEach(w => w.Done.TrySetException(fault));
            return;
        }

        batch.ForEach(w => w.Done.TrySetResult(new Enqueued(w.Job.Id, w.Job.IsNew)));
        _accepted(JobQueue.Queues(jobs));
    }

    private sealed class Waiting(NewJob job)
    {
        public NewJob Job { get; } = job;

        public TaskCompletionSource<Enqueued> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
