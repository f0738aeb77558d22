namespace Rondo.SystemTests.Support;

/// <summary>Real time that has to pass because it is what a test is about: an outage of five seconds, a server that runs until it is killed.</summary>
public static class Passing
{
    public static async Task Of(TimeSpan time)
    {
        using var timer = new PeriodicTimer(time);
        await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }

    public static Task OfSeconds(double seconds) => Of(TimeSpan.FromSeconds(seconds));
}
