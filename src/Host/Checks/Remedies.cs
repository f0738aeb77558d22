namespace Rondo.Host.Checks;

/// <summary>What to do about each reason of health, by its code; and to which part of the node it belongs.</summary>
internal static class Remedies
{
    /// <summary>The parts, in the order in which they are told.</summary>
    public static readonly string[] Parts = ["node", "database", "loops", "polling", "jobs", "live", "audit", "hints", "clock"];

    /// <summary>What to do, by code.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["node.may_not_work"] = "See that its database can be reached; it comes back by itself, or its supervisor starts it again",
        ["node.broken"] = "Restart the process",
        ["storage.unavailable"] = "See that the database runs and can be reached from here; work goes on by itself then",
        ["storage.full"] = "Free some space on the disk of the database; work goes on by itself",
        ["loops.stuck"] = "Wait a minute; when it does not end, restart the process and report what the log says",
        ["loops.failing"] = "Mend what the reason names; the loop tries again by itself",
        ["loops.restarted"] = "Restart the process when it has become quiet, and report which loop was stuck",
        ["polling.plan_mismatch"] = "rondo polling audit",
        ["polling.no_node"] = "Start a node with the role poll: rondo serve",
        ["polling.not_owned"] = "rondo nodes list: start a node with the role poll, or resume one that is drained",
        ["polling.spool"] = "See that the database can be reached and is fast enough (GET /metrics/performance, the log of slow statements)",
        ["polling.lost"] = "Report it, with the lines of the log that name the outcomes",
        ["polling.not_clean"] = "rondo polling validate names the slots",
        ["polling.validation_old"] = "See in the log why the loop polling.validate does not come to its end",
        ["polling.audit"] = "rondo polling audit names the findings and what each needs",
        ["polling.audit_old"] = "See in the log why the loop polling.audit does not come to its end",
        ["devices.offline"] = "rondo devices list; then rondo devices test NAME for one of them",
        ["jobs.no_node"] = "Start a node with the role work: rondo serve",
        ["jobs.no_workers"] = "rondo workers scale QUEUE N, or a node whose setting jobs.queues gives it some",
        ["jobs.missing"] = "rondo jobs balance names them; when they are known to be lost: rondo jobs balance --write-off",
        ["jobs.doubled"] = "rondo jobs balance names them; report it",
        ["jobs.unbalanced"] = "rondo jobs balance",
        ["jobs.balance_old"] = "See in the log why the loop jobs.balance does not come to its end",
        ["jobs.written_off"] = "Restart the process when these handlers do not end",
        ["jobs.unwritten"] = "See that the database can be reached and is fast enough",
        ["jobs.recycle_due"] = "Restart the process at a time of your choosing",
        ["jobs.vacuum_blocked"] = "End the session that the reason names, as it says",
        ["imports.failures"] = "rondo imports list --state dead; rondo imports show ID tells what was wrong with each",
        ["imports.stuck"] = "rondo imports monitor --handle-stuck takes it away from a run that stores nothing; rondo jobs explain ID tells why nobody runs it",
        ["imports.many_stuck"] = "rondo imports monitor --verbose names them; --handle-stuck takes them away from runs that store nothing",
        ["imports.backlog"] = "Give the queue more workers: rondo workers scale imports N",
        ["audit.behind"] = "See in the log what keeps the loop audit.seal from sealing",
        ["hints.redis"] = "See that Redis runs and can be reached; nothing depends on it",
        ["clock.stepped"] = "Synchronise the time of the machine: timedatectl status",
        ["clock.skew"] = "Synchronise the time of that machine: timedatectl status",
    };

    /// <summary>The part that a reason belongs to.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="subject">What it is about; of a loop, its name.</param>
    public static string PartOf(string code, string subject)
    {
        var first = code.Split('.')[0];
        var name = first switch
        {
            "storage" => "database",
            "devices" => "polling",
            "imports" => "jobs",
            "loops" => subject.Split('.')[0] switch { "nodes" => "node", "feed" => "live", "security" => "audit", var loop => loop },
            _ => first,
        };
        return Array.IndexOf(Parts, name) >= 0 ? name : "loops";
    }
}
