using System.CommandLine;
using Rondo.Polling.Configuration;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary>Instants and durations on the command line: ISO 8601, <c>now</c>, or relative to now (<c>-1h</c>, <c>-7d</c>).</summary>
internal static class TimeOptions
{
    // A century either way stays within what both databases store.
    private static readonly TimeSpan _farthest = TimeSpan.FromDays(36_500);

    public static Option<string?> From(string description) => new("--from") { Description = description, HelpName = "TIME" };

    public static Option<string?> To(string description) => new("--to") { Description = description, HelpName = "TIME" };

    /// <summary>The instant an option gives, or null when it was not given.</summary>
    public static Instant? Read(Run run, Option<string?> option, Instant now)
    {
        if (run.Get(option) is not { } text)
        {
            return null;
        }

        return Parse(text, now)
            ?? throw new CommandFault(ExitCode.Misuse, $"{option.Name}: '{text}' is no time; expected one such as 2026-01-31T12:00:00Z, -1h, -7d or now");
    }

    /// <summary>The window that two options give, each null when it was not given.</summary>
    /// <exception cref="CommandFault">It does not begin before it ends.</exception>
    public static (Instant? From, Instant? To) Window(Run run, Option<string?> from, Option<string?> to, Instant now)
    {
        var (begin, end) = (Read(run, from, now), Read(run, to, now));
        return begin >= end ? throw Backwards(begin, end) : (begin, end);
    }

    /// <summary>The window that two options give: the last day, up to now, unless they say otherwise.</summary>
    /// <exception cref="CommandFault">It does not begin before it ends.</exception>
    public static (Instant From, Instant To) LastDay(Run run, Option<string?> from, Option<string?> to, Instant now)
    {
        var (begin, end) = (Read(run, from, now) ?? now - TimeSpan.FromDays(1), Read(run, to, now) ?? now);
        return begin >= end ? throw Backwards(begin, end) : (begin, end);
    }

    /// <summary>Reads a time, or null.</summary>
    public static Instant? Parse(string text, Instant now)
    {
        if (text == "now")
        {
            return now;
        }

        if (text.Length > 1 && text[0] is '-' or '+' && Durations.TryParse(text[1..], out var span) && span <= _farthest)
        {
            return text[0] == '-' ? now - span : now + span;
        }

        return Instant.TryParse(text, out var at) ? at : null;
    }

    /// <summary>The duration an option gives, within bounds.</summary>
    public static TimeSpan Span(string option, string text, TimeSpan least, TimeSpan most) =>
        Durations.TryParse(text, out var span) && span >= least && span <= most
            ? span
            : throw new CommandFault(ExitCode.Misuse, $"{option}: '{text}' will not do; expected {Durations.Show(least)} to {Durations.Show(most)}, a number with a unit such as 500ms, 10s, 5m");

    private static CommandFault Backwards(Instant? from, Instant? to) => new(ExitCode.Misuse, $"--from {from} is not before --to {to}; expected a window that begins before it ends");
}
