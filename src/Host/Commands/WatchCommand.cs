using System.CommandLine;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Loops;
using Spectre.Console;

namespace Rondo.Host.Commands;

/// <summary><c>rondo watch</c>: the feed in the terminal. It comes back by itself, and says when events may be missing.</summary>
internal static class WatchCommand
{
    private const string TokenVariable = "RONDO_TOKEN";
    private const string HowToToken = $"make one by 'rondo tokens add watch --role viewer' and export it as {TokenVariable}";

    public static Command Create(Cli cli)
    {
        var topics = new Argument<string[]>("TOPIC") { Description = "devices.ID, categories.NAME, metrics.NAME, jobs.QUEUE, imports.ID, admin-notifications, global [default: global]", Arity = ArgumentArity.ZeroOrMore };
        var server = new Option<string?>("--server") { Description = "Where the server's HTTP API is [default: the setting http.address]", HelpName = "ADDRESS" };
        var count = new Option<int?>("--count") { Description = "End after so many messages", HelpName = "N" };
        return cli.Act(
            new Command("watch", $"Shows what happens and what is measured, as it is committed, until Ctrl-C. A token is taken from {TokenVariable}") { topics, server, count },
            run => WatchAsync(run, run.Get(topics) is { Length: > 0 } some ? some : [Topics.Global], run.Get(server), run.Get(count)),
            "rondo watch",
            "rondo watch devices.12 admin-notifications",
            "rondo watch metrics.power_total --json");
    }

    private static async Task<int> WatchAsync(Run run, string[] topics, string? server, int? count)
    {
        if (count is < 1)
        {
            throw new CommandFault(ExitCode.Misuse, $"--count {count}: expected 1 or more");
        }

        if (Array.Find(topics, t => !Topics.IsKnown(t)) is { } wrong)
        {
            throw new CommandFault(ExitCode.Misuse, $"'{wrong}' is no topic; expected devices.ID, categories.NAME, metrics.NAME, jobs.QUEUE, imports.ID, {Topics.Admin} or {Topics.Global}");
        }

        using var client = new WatchClient(Address(run, server), run.Shell.Variable(TokenVariable), topics, run.Time);
        var console = run.Shell.OpenConsole();
        var left = count ?? int.MaxValue;
        var backoff = new Backoff(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(10), new Random(RandomNumberGenerator.GetInt32(int.MaxValue)));
        while (true)
        {
            try
            {
                await client.ConnectAsync(run.Stop);
                await foreach (var message in client.ReadAsync(run.Stop))
                {
                    backoff.Reset();
                    if (Show(run, console, message) && --left == 0)
                    {
                        return ExitCode.Ok;
                    }
                }
            }
            catch (WebSocketException) when (client.IsUnknown)
            {
                throw new CommandFault(ExitCode.Problem, $"the feed does not know the token in {TokenVariable}: {HowToToken}");
            }
            catch (Exception fault) when (client.HasBeenConnected && fault is WebSocketException or IOException or HttpRequestException)
            {
                run.Warn($"rondo: the connection is gone ({fault.Message})");
            }
            catch (WebSocketException fault)
            {
                throw new CommandFault(ExitCode.Problem, $"no feed at {client.Address} ({fault.Message}). Does a server run there? Start one: rondo serve");
            }

            if (client.Refusal is { } refusal)
            {
                throw new CommandFault(ExitCode.Problem, refusal);
            }

            await Task.Delay(backoff.Next(), run.Time, run.Stop);
        }
    }

    private static Uri Address(Run run, string? server)
    {
        if (server is null)
        {
            return run.Settings.Http.Address;
        }

        return Uri.TryCreate(server, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new CommandFault(ExitCode.Misuse, $"--server '{server}' is no address; expected one such as http://127.0.0.1:8750");
    }

    /// <summary>True for what is counted: an event or readings.</summary>
    private static bool Show(Run run, IAnsiConsole console, JsonElement message)
    {
        var type = message.GetProperty("type").GetString();
        var data = message.GetProperty("data");
        switch (type)
        {
            case "subscription" when message.GetProperty("name").GetString() == "refused":
                run.Warn($"rondo: {message.GetProperty("topic").GetString()}: {data.GetProperty("reason").GetString()}");
                return false;
            case "subscription" when data.TryGetProperty("recovered", out var recovered) && recovered.ValueKind == JsonValueKind.False:
                run.Warn($"rondo: events may be missing here ({data.GetProperty("reason").GetString()})");
                return false;
            case "error" when data.GetProperty("code").GetString() == "not_authenticated":
                throw new CommandFault(ExitCode.Problem, $"the feed needs a token: {HowToToken}");
            case "error":
                run.Warn($"rondo: {data.GetProperty("message").GetString()}");
                return false;
            case "event" or "data":
                break;
            default:
                return false;
        }

        if (run.IsJson)
        {
            run.Shell.Output.WriteLine(message.GetRawText());
            return true;
        }

        var at = message.GetProperty("at").GetString()!;
        var topic = message.GetProperty("topic").GetString()!;
        var name = message.GetProperty("name").GetString();
        var colour = type == "event" ? "yellow" : "green";

        // A newer server may tell what this program has not heard of: its name and its data, as they are.
        console.MarkupLine($"[dim]{at.EscapeMarkup()}[/] [{colour}]{topic.EscapeMarkup()}[/] " + (name switch
        {
            DeviceReadings.EventName when type == "data" => $"{data.GetProperty("device").GetString().EscapeMarkup()}: {Values(data).EscapeMarkup()}",
            QueueFigures.MessageName when type == "data" => Figures(data).EscapeMarkup(),
            _ => $"[bold]{name.EscapeMarkup()}[/] {data.GetRawText().EscapeMarkup()}",
        }));
        return true;
    }

    private static string Figures(JsonElement data) =>
        $"{data.GetProperty("ready")} ready, {data.GetProperty("running")} running, {data.GetProperty("scheduled")} scheduled, {data.GetProperty("blocked")} blocked, "
        + $"{data.GetProperty("done_per_s")} done/s, {data.GetProperty("dead_per_s")} dead/s{(data.GetProperty("is_paused").ValueKind == JsonValueKind.True ? ", paused" : "")}";

    private static string Values(JsonElement data) => string.Join(", ", data.GetProperty("readings").EnumerateArray().Select(r =>
        $"{r.GetProperty("metric").GetString()} {(r.GetProperty("value").ValueKind == JsonValueKind.Null ? "-" : r.GetProperty("value").GetRawText())} {r.GetProperty("unit").GetString()}".TrimEnd()));
}
