using System.Globalization;

namespace Rondo.Host.Http;

/// <summary>
/// How often one token may ask, all its connections together; of a user all their sessions together. Twice as many at once as a second, so that a page that loads a lot is not held up; then so many
/// a second. A program that has run wild harms itself, and leaves the server to others. Of at most <see cref="Most"/> it is remembered.
/// </summary>
/// <param name="time">Time.</param>
/// <param name="perSecond">How many requests a second.</param>
internal sealed class TokenPace(TimeProvider time, int perSecond)
{
    /// <summary>Most that are remembered at once; beyond, those that asked longest ago are forgotten, and may ask as if they had never.</summary>
    public const int Most = 10_000;

    private readonly Dictionary<string, (double Left, long At)> _who = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>How many are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _who.Count;
            }
        }
    }

    /// <summary>The middleware. Whoever may not ask at all has been told so before; nobody in particular is not counted here.</summary>
    public static Task Check(HttpContext context, RequestDelegate next)
    {
        if (context.CallerOf()?.Caller is not { } caller)
        {
            return next(context);
        }

        var pace = context.RequestServices.GetRequiredService<TokenPace>();
        return pace.Take($"{caller.Kind}:{caller.Name}") is not { } wait ? next(context) : pace.RefuseAsync(context, $"{caller.Kind} {caller.Name}", wait);
    }

    /// <summary>Counts one request; how long it would have to wait when it may not be, else null.</summary>
    public TimeSpan? Take(string who)
    {
        lock (_gate)
        {
            var (now, most) = (time.GetTimestamp(), 2.0 * perSecond);
            var (left, at) = _who.GetValueOrDefault(who, (most, now));
            left = Math.Min(most, left + (time.GetElapsedTime(at, now).TotalSeconds * perSecond));
            _who[who] = left >= 1 ? (left - 1, now) : (left, now);
            if (_who.Count > Most)
            {
                foreach (var old in _who.OrderBy(w => w.Value.At).Take(Most / 10).Select(w => w.Key).ToList())
                {
                    _who.Remove(old);
                }
            }

            return left >= 1 ? null : TimeSpan.FromSeconds((1 - left) / perSecond);
        }
    }

    private Task RefuseAsync(HttpContext context, string who, TimeSpan wait)
    {
        var seconds = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.RetryAfter = seconds;
        return Problem.Of(StatusCodes.Status429TooManyRequests, $"The {who} asks more than {perSecond} times a second (setting http.rate_per_token); try again in {seconds} s.").ExecuteAsync(context);
    }
}
