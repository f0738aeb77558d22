using FsCheck;
using FsCheck.Fluent;
using Rondo.Polling.Slots;

namespace Rondo.Tests.Polling.Slots;

/// <summary>Slot arithmetic against an oracle that walks instant by instant and knows no arithmetic.</summary>
public sealed class PlanTests
{
    private const int Span = 400;

    /// <summary>Small numbers, around the epoch too: what is right there is right everywhere.</summary>
    private static Arbitrary<(Plan Plan, int A, int B)> Cases() => (
        from interval in Gen.Choose(1, 60)
        from phase in Gen.Choose(0, 59)
        from start in Gen.Choose(-Span, Span)
        from length in Gen.Choose(0, Span)
        from isOpen in Gen.Elements(true, false)
        from a in Gen.Choose(-Span * 2, Span * 2)
        from b in Gen.Choose(-Span * 2, Span * 2)
        select (new Plan(1, start, isOpen ? Plan.Open : start + length, interval, phase % interval), a, b)).ToArbitrary();

    [Fact]
    public void A_slot_is_contained_exactly_when_the_grid_and_the_bounds_say_so() => Prop.ForAll(Cases(), c =>
        Assert.Equal(IsSlot(c.Plan, c.A), c.Plan.Contains(c.A))).QuickCheckThrowOnFailure();

    [Fact]
    public void The_first_slot_from_an_instant_is_the_first_one_that_walking_finds() => Prop.ForAll(Cases(), c =>
    {
        long? found = null;
        for (long at = c.A; at < Span * 4 && found is null; at++)
        {
            found = IsSlot(c.Plan, at) ? at : null;
        }

        Assert.Equal(found, c.Plan.FirstFrom(c.A));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_last_slot_up_to_an_instant_is_the_last_one_that_walking_finds() => Prop.ForAll(Cases(), c =>
    {
        long? found = null;
        for (long at = c.A; at > -Span * 4 && found is null; at--)
        {
            found = IsSlot(c.Plan, at) ? at : null;
        }

        Assert.Equal(found, c.Plan.LastUpTo(c.A));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_count_of_a_window_is_what_counting_gives() => Prop.ForAll(Cases(), c =>
    {
        var counted = 0L;
        for (long at = c.A; at < c.B; at++)
        {
            counted += IsSlot(c.Plan, at) ? 1 : 0;
        }

        Assert.Equal(counted, c.Plan.Count(c.A, c.B));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Windows_that_meet_count_every_slot_once() => Prop.ForAll(Cases(), c =>
    {
        var (low, high) = (Math.Min(c.A, c.B), Math.Max(c.A, c.B));
        var middle = (low + high) / 2;
        Assert.Equal(c.Plan.Count(low, high), c.Plan.Count(low, middle) + c.Plan.Count(middle, high));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Real_instants_of_an_open_plan_do_not_overflow()
    {
        const long Now = 1_772_409_600_000_000;
        var plan = new Plan(1, Now, Plan.Open, 10_000_000, 3_141_592);
        var first = plan.FirstFrom(Now)!.Value;
        Assert.Equal(3_141_592, first % 10_000_000);
        Assert.Equal(first + 10_000_000, plan.FirstFrom(first + 1));
        Assert.Equal(first, plan.LastUpTo(first + 9_999_999));
        Assert.Null(plan.LastUpTo(Now - 1));
        Assert.Equal(8640, plan.Count(Now, Now + 86_400_000_000));
    }

    [Fact]
    public void An_empty_plan_has_no_slot()
    {
        var plan = new Plan(1, 100, 100, 10, 0);
        Assert.Null(plan.FirstFrom(0));
        Assert.Null(plan.LastUpTo(1000));
        Assert.Equal(0, plan.Count(0, 1000));
        Assert.False(plan.Contains(100));
    }

    private static bool IsSlot(Plan plan, long at)
    {
        if (at < plan.From || at >= plan.Until)
        {
            return false;
        }

        // Steps along the grid from its phase, in whichever direction the instant lies.
        var grid = plan.Phase;
        while (grid < at)
        {
            grid += plan.Interval;
        }

        while (grid > at)
        {
            grid -= plan.Interval;
        }

        return grid == at;
    }
}
