namespace Rondo.Host.Http;

/// <summary>Refuses what a token or a session asks beyond so many requests in ten seconds. It is there for a program that has gone wild, not for one that works much.</summary>
/// <param name="time">Time.</param>
/// <param name="perSecond">Requests a second, over ten of them; 0 for no bound.</param>
internal sealed class TokenRate(TimeProvider time, int perSecond)
{
    /// <summary>The window.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>The middleware; after authentication.</summary>
    public Task Check(HttpContext context, RequestDelegate next)
    {
        var most = perSecond * (int)Window.TotalSeconds;
        return most == 0 || context.CallerOf()?.Grant.Admit(time, Window, most) is not { Ticks: > 0 } wait
            ? next(context)
            : AccessAnswers.TooFast(context, most, Window, wait).ExecuteAsync(context);
    }
}
