using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

public sealed class ClockTests
{
    private readonly FakeTime _time = new();
    private readonly DatabaseClock _clock;

    public ClockTests() => _clock = new DatabaseClock(_time);

    [Fact]
    public void It_starts_at_the_wall_clock_and_goes_on_by_the_monotonic_one()
    {
        Assert.Equal(Instant.From(FakeTime.Start), _clock.Now);
        _time.StepWall(TimeSpan.FromHours(5));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(Instant.From(FakeTime.Start) + TimeSpan.FromSeconds(3), _clock.Now);
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    [InlineData(0.6)]
    public void A_step_is_followed_and_reported_once(double seconds)
    {
        _time.StepWall(TimeSpan.FromSeconds(seconds));
        Assert.Equal(TimeSpan.FromSeconds(seconds), Measure().Step);
        Assert.Equal(Instant.From(_time.GetUtcNow()), _clock.Now);
        Assert.Equal(TimeSpan.Zero, Measure().Step);
    }

    [Theory]
    [InlineData(0.4)]
    [InlineData(-0.4)]
    public void Drift_is_followed_and_no_step(double seconds)
    {
        _time.StepWall(TimeSpan.FromSeconds(seconds));
        Assert.Equal(TimeSpan.Zero, Measure().Step);
        Assert.Equal(Instant.From(_time.GetUtcNow()), _clock.Now);
    }

    [Fact]
    public void A_difference_within_the_round_trip_is_no_knowledge()
    {
        var sent = _time.GetTimestamp();
        var asked = Instant.From(_time.GetUtcNow());
        _time.Advance(TimeSpan.FromSeconds(2));
        var before = _clock.Now;
        Assert.Equal(TimeSpan.Zero, _clock.Adjust(asked + TimeSpan.FromSeconds(0.3), sent, _time.GetTimestamp()).Step);
        Assert.Equal(before, _clock.Now);
        Assert.Equal(TimeSpan.Zero, _clock.Adjust(asked + TimeSpan.FromSeconds(1.9), sent, _time.GetTimestamp()).Step);
        Assert.Equal(before, _clock.Now);
    }

    [Theory]
    [InlineData(50, true)]
    [InlineData(50, false)]
    [InlineData(-50, true)]
    [InlineData(-50, false)]
    public void An_answer_that_was_slow_on_one_way_moves_it_by_no_more_than_its_drift(int driftUs, bool isSlowThere)
    {
        Measure();
        _time.StepWall(TimeSpan.FromMicroseconds(driftUs));
        var before = _clock.Now;
        var sent = _time.GetTimestamp();
        var asked = Instant.From(_time.GetUtcNow());
        _time.Advance(TimeSpan.FromMilliseconds(80));
        var reading = _clock.Adjust(isSlowThere ? Instant.From(_time.GetUtcNow()) : asked, sent, _time.GetTimestamp());
        Assert.Equal(TimeSpan.Zero, reading.Step);
        Assert.InRange((_clock.Now - before - TimeSpan.FromMilliseconds(80)).TotalMicroseconds, Math.Min(0, driftUs), Math.Max(0, driftUs));

        // The next quick one tells all of it.
        Measure();
        Assert.Equal(Instant.From(_time.GetUtcNow()), _clock.Now);
    }

    [Fact]
    public void What_is_proved_wrong_is_moved_to_the_nearest_that_is_possible()
    {
        var before = _clock.Now;
        var sent = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        _clock.Adjust(before + TimeSpan.FromMilliseconds(130), sent, _time.GetTimestamp());
        Assert.Equal(TimeSpan.FromMilliseconds(130), _clock.Now - before);
    }

    [Fact]
    public void A_slow_round_trip_does_not_hide_a_step()
    {
        var sent = _time.GetTimestamp();
        var asked = Instant.From(_time.GetUtcNow());
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(60), _clock.Adjust(asked + TimeSpan.FromSeconds(61), sent, _time.GetTimestamp()).Step);
    }

    [Fact]
    public void An_instant_and_its_timestamp_lead_to_each_other()
    {
        _time.StepWall(TimeSpan.FromMinutes(-7));
        Measure();
        var at = _clock.Now + TimeSpan.FromMicroseconds(1_234_567);
        Assert.Equal(at, _clock.At(_clock.Timestamp(at)));
        Assert.Equal(TimeSpan.FromMicroseconds(1_234_567).Ticks, _clock.Timestamp(at) - _time.GetTimestamp());
    }

    [Fact]
    public void A_clock_whose_frequency_is_no_whole_number_of_microseconds_is_told_right()
    {
        var odd = new OddClock();
        var clock = new DatabaseClock(odd);
        var start = clock.Now;
        odd.Ticks += 3 * 2_400_001L;
        Assert.Equal(TimeSpan.FromSeconds(3), clock.Now - start);
        Assert.InRange(clock.Timestamp(start + TimeSpan.FromSeconds(3)) - odd.Ticks, -3, 0);
    }

    [Theory, BothDatabases]
    public async Task Measuring_a_real_database_finds_no_step_on_the_machine_it_runs_on(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        var first = await store.Database.Inner.MeasureClockAsync();
        var second = await store.Database.Inner.MeasureClockAsync();
        Assert.Equal(TimeSpan.Zero, second.Step);
        Assert.InRange((second.Now - first.Now).TotalSeconds, 0, 10);
    }

    private ClockReading Measure() => _clock.Adjust(Instant.From(_time.GetUtcNow()), _time.GetTimestamp(), _time.GetTimestamp());

    private sealed class OddClock : TimeProvider
    {
        public long Ticks { get; set; } = 777_777_777_777;

        public override long TimestampFrequency => 2_400_001;

        public override long GetTimestamp() => Ticks;
    }
}
