using Rondo.Drivers;
using Rondo.Polling.Slots;

namespace Rondo.Tests.Polling.Slots;

public sealed class WordTests
{
    [Fact]
    public void Every_outcome_has_a_word_of_its_own_and_the_word_leads_back()
    {
        var outcomes = Enum.GetValues<Outcome>();
        Assert.Equal(outcomes, outcomes.Select(outcome => OutcomeWords.Parse(outcome.Text())));
        Assert.Equal(["ok", "partial", "failed", "missed"], outcomes.Select(outcome => outcome.Text()));
        Assert.Throws<ArgumentException>(() => OutcomeWords.Parse("fine"));
    }

    [Fact]
    public void Every_reason_for_a_miss_and_every_fault_has_a_word_of_its_own()
    {
        var misses = Enum.GetValues<MissReason>().Select(reason => reason.Text()).ToArray();
        Assert.Equal(misses.Length, misses.Distinct().Count());
        Assert.Equal((string?[])[null, "late", "busy", "breaker_open", "node_down", "database_down", "fenced", "clock_jump"], misses);

        var faults = Enum.GetValues<ReadFault>().Select(fault => fault.Text()).ToArray();
        Assert.Equal(faults.Length, faults.Distinct().Count());
        foreach (var fault in Enum.GetValues<ReadFault>().Where(fault => fault != ReadFault.None))
        {
            // RefusedAgain would be refused_again: the word is the name, as the database writes it.
            var word = string.Concat(fault.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
            Assert.Equal(word, fault.Text());
        }
    }

    [Fact]
    public void Every_device_status_has_a_word_of_its_own_and_the_word_leads_back()
    {
        var statuses = Enum.GetValues<DeviceStatus>();
        Assert.Equal(statuses, statuses.Select(status => DeviceStatusWords.Parse(status.Text())));
        Assert.Equal(DeviceStatus.Unknown, DeviceStatusWords.Parse("something a newer version wrote"));
    }

    [Theory]
    [InlineData(0, 3, DeviceStatus.Online)]
    [InlineData(1, 3, DeviceStatus.Degraded)]
    [InlineData(2, 3, DeviceStatus.Degraded)]
    [InlineData(3, 3, DeviceStatus.Offline)]
    [InlineData(1000, 3, DeviceStatus.Offline)]
    [InlineData(1, 1, DeviceStatus.Offline)]
    public void The_status_follows_failures_in_a_row(int failures, int threshold, DeviceStatus status) =>
        Assert.Equal(status, DeviceStatusWords.After(failures, threshold));
}
