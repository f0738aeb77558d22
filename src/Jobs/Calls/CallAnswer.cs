using System.Net;
using System.Text;
using Rondo.Storage;

namespace Rondo.Jobs.Calls;

/// <summary>What a receiver answered, and what that means for the job.</summary>
/// <param name="Status">The status.</param>
/// <param name="Reason">Its words, or null.</param>
/// <param name="Wish">What its header <c>Rondo-Result</c> asks for, or null.</param>
/// <param name="After">How long it asks to wait (<c>Retry-After</c>), within bounds; null when it does not.</param>
/// <param name="Start">The beginning of its body, in one line.</param>
internal sealed record CallAnswer(HttpStatusCode Status, string? Reason, string? Wish, TimeSpan? After, string Start)
{
    /// <summary>Header by which a receiver says what is to become of the job.</summary>
    public const string ResultHeader = "Rondo-Result";

    // Of an answer as much is read as lets the connection be used again; more is nobody's wish.
    private const int MostRead = 64 * 1024;
    private const int MostKept = 1_000;
    private static readonly TimeSpan _soonest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _latest = TimeSpan.FromDays(1);
    private static readonly TimeSpan _usualSnooze = TimeSpan.FromMinutes(1);

    /// <summary>In one line.</summary>
    public string Shown => $"{(int)Status}{(string.IsNullOrWhiteSpace(Reason) ? "" : " " + Line(Reason, 60))}{(Start.Length == 0 ? "" : ": " + Start)}";

    /// <summary>Reads it. It counts when it has come to its end, or its first 64 KB have: one that breaks off before is an attempt that failed.</summary>
    public static async Task<CallAnswer> ReadAsync(HttpResponseMessage message, Instant now, CancellationToken stop)
    {
        var buffer = new byte[MostRead];
        var body = await message.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
        var length = await body.ReadAtLeastAsync(buffer, MostRead, throwOnEndOfStream: false, stop).ConfigureAwait(false);

        // A character has at most four bytes; what is cut in half at the end becomes a replacement character.
        var start = Line(Encoding.UTF8.GetString(buffer, 0, Math.Min(length, 4 * MostKept)), MostKept);
        var wish = message.Headers.TryGetValues(ResultHeader, out var values) ? string.Join(',', values).Trim().ToLowerInvariant() : null;
        return new CallAnswer(message.StatusCode, message.ReasonPhrase, wish, Wait(message, now), start);
    }

    /// <summary>What it means for the job.</summary>
    /// <param name="call">What was called.</param>
    /// <param name="where">Its place, for people.</param>
    /// <param name="now">The time.</param>
    public JobResult Judge(HttpCall call, string where, Instant now)
    {
        // A client error is tried again like any other: a release that is half done answers 404 or 401 too, and a job that was given up for it would be lost.
        var status = (int)Status;
        var isGood = call.Expect?.Contains(status) ?? status is >= 200 and <= 299;
        return Wish switch
        {
            "discard" => JobResult.Discard($"{where} asked for it with {Shown}"),
            "snooze" => JobResult.Snooze(now + (After ?? _usualSnooze), $"{where} asked for it with {Shown}"),
            _ when isGood => JobResult.Done,
            _ when Status == HttpStatusCode.Gone => JobResult.Discard($"{where} is gone: it answered {Shown}"),
            _ => JobResult.Retry($"{where} answered {Shown}", After),
        };
    }

    private static TimeSpan? Wait(HttpResponseMessage message, Instant now)
    {
        var wanted = message.Headers.RetryAfter;
        TimeSpan? wait = wanted?.Delta ?? (wanted?.Date is { } date ? Instant.From(date) - now : null);
        return wait is null ? null : wait < _soonest ? _soonest : wait > _latest ? _latest : wait;
    }

    private static string Line(string text, int most)
    {
        var line = new StringBuilder(Math.Min(text.Length, most));
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length + rune.Utf16SequenceLength > most)
            {
                line.Append('…');
                break;
            }

            // Also what would steer a terminal.
            line.Append(Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 ? " " : rune.ToString());
        }

        return line.ToString().Trim();
    }
}
