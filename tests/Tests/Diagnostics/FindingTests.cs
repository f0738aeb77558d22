using Rondo.Diagnostics;

namespace Rondo.Tests.Diagnostics;

public sealed class FindingTests
{
    [Fact]
    public void Nothing_found_is_healthy() => Assert.Equal(Health.Healthy, Finding.Worst([]));

    [Theory]
    [InlineData(Health.Degraded, Health.Healthy, Health.Degraded, Health.Healthy)]
    [InlineData(Health.Critical, Health.Degraded, Health.Critical, Health.Degraded)]
    [InlineData(Health.Healthy, Health.Healthy, Health.Healthy, Health.Healthy)]
    public void The_whole_is_as_bad_as_its_worst(Health worst, params Health[] each) =>
        Assert.Equal(worst, Finding.Worst(each.Select(severity => new Finding("code", severity, "", ""))));

    [Fact]
    public void The_scale_is_the_exit_code_of_every_command() => Assert.Equal([0, 1, 2], Enum.GetValues<Health>().Select(health => (int)health));
}
