using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Model;

/// <summary>Does the same to the model and to both databases, and compares after each step what can be seen.</summary>
internal sealed class ModelRun : IAsyncDisposable
{
    // Whole seconds are what operations are about; these tell them apart.
    private static readonly TimeSpan Tick = TimeSpan.FromMicroseconds(100);
    private const int Look = 5;
    private readonly FakeTime _time;
    private readonly StoreWorld[] _worlds;

    private ModelRun(FakeTime time, StoreWorld[] worlds) => (_time, _worlds) = (time, worlds);

    public static async Task<ModelRun> CreateAsync()
    {
        var time = new FakeTime();
        return new ModelRun(time, [await StoreWorld.CreateAsync(DatabaseKind.Sqlite, time), await StoreWorld.CreateAsync(DatabaseKind.Postgres, time)]);
    }

    /// <summary>Draws and does <paramref name="steps"/> operations; fails with the fewest of them that show the difference.</summary>
    public async Task RandomAsync(int seed, int steps)
    {
        Clear();
        var (model, random, done) = (new QueueModel(), new RandomOperations(new Random(seed)), new List<Operation>());
        for (var step = 0; step < steps; step++)
        {
            done.Add(random.Next(model));

            // To look costs more than to do; whatever differs stays to be seen.
            if (await StepAsync(model, done[^1], isSeen: step % Look == Look - 1 || step == steps - 1) is { } difference)
            {
                var (least, still) = await ShrinkAsync(done, difference);
                Assert.Fail($"seed {seed}, step {step}: {difference}\n\n{least.Count} of {done.Count} operations show a difference:\n{string.Join('\n', least)}\n→ {still}");
            }
        }
    }

    /// <summary>Does these from the beginning; returns what differs, or null.</summary>
    public async Task<string?> ReplayAsync(IReadOnlyList<Operation> operations)
    {
        Clear();
        var model = new QueueModel();
        foreach (var operation in operations)
        {
            if (await StepAsync(model, operation) is { } difference)
            {
                return difference;
            }
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var world in _worlds)
        {
            await world.DisposeAsync();
        }
    }

    private void Clear() => Array.ForEach(_worlds, world => world.Clear());

    private async Task<string?> StepAsync(QueueModel model, Operation operation, bool isSeen = true)
    {
        _time.Advance(Tick + TimeSpan.FromSeconds(operation is Advance { Seconds: var seconds } ? seconds : 0));
        var before = model.Jobs.ToDictionary(job => job.N, job => job.State);
        var expected = model.Apply(operation, Instant.From(_time.GetUtcNow()));
        if (model.Jobs.FirstOrDefault(job => before.TryGetValue(job.N, out var was) && was != job.State && !MayGo(was, job.State)) is { } astray)
        {
            return $"{operation}: job {astray.N} went from {before[astray.N]} to {astray.State}, which the table of states does not know";
        }

        var state = model.See().ToList();
        var differences = await Task.WhenAll(_worlds.Select(world => Task.Run(() => CompareAsync(world, operation, expected, isSeen ? state : null))));
        return Array.Find(differences, difference => difference is not null);
    }

    // What the databases do is what the model does, so its moves are theirs.
    private static bool MayGo(string from, string to) => JobStates.TryParse(from, out var was) && JobStates.TryParse(to, out var now) && JobStates.MayGo(was, now);

    private static async Task<string?> CompareAsync(StoreWorld world, Operation operation, string expected, List<string>? state)
    {
        string answer;
        try
        {
            answer = world.Apply(operation);
        }
        catch (StorageFault fault)
        {
            answer = fault.ToString();
        }

        if (answer != expected)
        {
            return $"{operation}: the model says “{expected}”, {world.Name} says “{answer}”";
        }

        if (state is null)
        {
            return null;
        }

        var (seen, leaks) = await world.SeeAsync();
        if (!seen.SequenceEqual(state))
        {
            return $"after {operation} the model has, and {world.Name} has not:\n  {string.Join("\n  ", state.Except(seen))}\nbut:\n  {string.Join("\n  ", seen.Except(state))}";
        }

        return leaks == 0 ? null : $"after {operation} {world.Name} has {leaks} slots or unique keys that nobody has a right to";
    }

    /// <summary>Leaves out piece after piece as long as something still differs; bounded.</summary>
    private async Task<(IReadOnlyList<Operation> Least, string Difference)> ShrinkAsync(IReadOnlyList<Operation> operations, string difference)
    {
        var (least, tries) = (operations.ToList(), 150);
        for (var piece = least.Count / 2; piece > 0; piece /= 2)
        {
            for (var from = 0; from < least.Count && tries > 0;)
            {
                var without = least.Take(from).Concat(least.Skip(from + piece)).ToList();
                tries--;
                if (await ReplayAsync(without) is { } still)
                {
                    (least, difference) = (without, still);
                }
                else
                {
                    from += piece;
                }
            }
        }

        return (least, difference);
    }
}
