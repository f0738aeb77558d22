using System.CommandLine;
using Rondo.Live;
using Rondo.Live.Log;

namespace Rondo.Host.Commands;

/// <summary><c>rondo live publish</c>.</summary>
internal static class LiveCommand
{
    public static Command Create(Cli cli) => new("live", "The feed: publish an event to see whether it arrives") { Publish(cli) };

    private static Command Publish(Cli cli)
    {
        var topic = new Argument<string>("TOPIC") { Description = "devices.ID, categories.NAME, metrics.NAME, jobs.QUEUE, imports.ID, global or admin-notifications" };
        var name = new Argument<string>("NAME") { Description = "What happened, such as payment.processed" };
        var data = new Option<string>("--data") { Description = "A JSON object", HelpName = "JSON", DefaultValueFactory = _ => "{}" };
        return cli.Act(
            new Command("publish", "Writes an event to the log, marked as a test: its data gets \"test\": true") { topic, name, data },
            run => PublishAsync(run, run.Get(topic)!, run.Get(name)!, run.Get(data)!),
            "rondo live publish admin-notifications payment.processed --data '{\"amount\": 100}'",
            "rondo live publish devices.12 device_status_changed --data '{\"old_status\": \"online\", \"new_status\": \"offline\"}'");
    }

    private static Task<int> PublishAsync(Run run, string topic, string name, string data)
    {
        var marked = TestEvent.Mark(data) ?? throw new CommandFault(ExitCode.Misuse, "--data is no JSON object; expected one such as '{\"amount\": 100}'");
        var wanted = new LiveEvent(name, topic, default, marked);
        if (EventLog.Problem(wanted) is { } problem)
        {
            throw new CommandFault(ExitCode.Misuse, problem);
        }

        return run.UseDatabaseAsync(async database =>
        {
            var published = await TestEvent.PublishAsync(database, new EventLog(), wanted, run.Stop);
            await run.HintAsync(database, EventLog.Hint);
            run.Say($"{name} is in the log, on {topic}");
            run.WriteJson(new { name, topic, at = published.At });
            return ExitCode.Ok;
        });
    }
}
