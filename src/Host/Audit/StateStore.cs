using System.Text.Json.Nodes;
using Rondo.Storage;

namespace Rondo.Host;

/// <summary>The SQL that looks at what operators change, for the audit trail: small tables, read whole before and after.</summary>
internal static class StateStore
{
    private static readonly Sql _queues = new("audit.state.queues", "select name, workers, is_paused from job_queue");
    private static readonly Sql _nodes = new("audit.state.nodes", "select id as name, is_draining from node where state = 'live'");
    private static readonly Sql _enabled = new("audit.state.polling", "select enabled from polling_state");
    private static readonly Sql _stopped = new("audit.state.stopped", "select name from device where stopped = {true} and removed_at is null");
    private static readonly Sql _users = new("audit.state.users", "select name, role, changed_at from user_account");

    private static readonly Sql _schedules = new("audit.state.schedules", """
        select name, source, kind, args as args_text, cron, zone, every, missed, overlap, queue, priority, attempts, note, unique_key, is_paused from job_schedule
        """);

    private static readonly Sql _tokens = new("audit.state.tokens", """
        select name, prefix, role, topics, devices, expires_at from api_token where revoked_at is null and user_name is null
        """);

    public static List<QueueState> Queues(Transaction tx) => tx.Query<QueueState>(_queues);

    public static List<NodeState> Nodes(Transaction tx) => tx.Query<NodeState>(_nodes);

    public static bool IsPolling(Transaction tx) => tx.First<bool>(_enabled);

    public static List<string> Stopped(Transaction tx) => tx.Query<string>(_stopped);

    public static List<ScheduleState> Schedules(Transaction tx) => tx.Query<ScheduleState>(_schedules);

    public static List<UserState> Users(Transaction tx) => tx.Query<UserState>(_users);

    public static List<TokenState> Tokens(Transaction tx) => tx.Query<TokenState>(_tokens);

    public abstract class State
    {
        public string Name { get; init; } = "";
    }

    public sealed class QueueState : State
    {
        public int? Workers { get; init; }

        public bool IsPaused { get; init; }
    }

    public sealed class NodeState : State
    {
        public bool IsDraining { get; init; }
    }

    public sealed class ScheduleState : State
    {
        public string Source { get; init; } = "";

        public string Kind { get; init; } = "";

        /// <summary>As JSON and not as a text with JSON in it: by their names secrets in it are known.</summary>
        public JsonNode? Args => JsonNode.Parse(ArgsText);

        internal string ArgsText { get; init; } = "{}";

        public string? Cron { get; init; }

        public string? Zone { get; init; }

        public string? Every { get; init; }

        public string Missed { get; init; } = "";

        public string Overlap { get; init; } = "";

        public string? Queue { get; init; }

        public int? Priority { get; init; }

        public int? Attempts { get; init; }

        public string? Note { get; init; }

        public string? UniqueKey { get; init; }

        public bool IsPaused { get; init; }
    }

    public sealed class UserState : State
    {
        public string Role { get; init; } = "";

        public Instant ChangedAt { get; init; }
    }

    public sealed class TokenState : State
    {
        public string Prefix { get; init; } = "";

        public string Role { get; init; } = "";

        public string? Topics { get; init; }

        public string? Devices { get; init; }

        public Instant? ExpiresAt { get; init; }
    }
}
