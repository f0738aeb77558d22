using Rondo.Storage;

namespace Rondo.Polling.Fleet;

/// <summary>
/// Between those who change plans and those who record by them. A batch checked against a plan while another transaction, not yet committed,
/// ends that plan would leave rows beyond its end. On SQLite there is one writer anyway; on PostgreSQL batches share this lock and a change has it alone,
/// from its first statement on, before any row that both want. So a batch waits for a change to commit, and a change sees where the ledger really ends.
/// Since everybody waits for who has it alone, a change may not stand still: its statements may take long, but the server ends it when it says nothing for 5 s
/// between two of them, or does not take for 5 s what it is sent (SIGSTOP, a cut network).
/// </summary>
internal static class PlanGate
{
    private static readonly Sql _alone = new("plans.alone", """
        select pg_advisory_xact_lock(7210528), set_config('idle_in_transaction_session_timeout', '5s', true), set_config('tcp_user_timeout', '5s', true)
        """);
    private static readonly Sql _together = new("plans.together", "select pg_advisory_xact_lock_shared(7210528)");

    /// <summary>For whoever changes plans: nobody records until the end of <paramref name="tx"/>.</summary>
    public static void Change(Transaction tx) => Enter(tx, _alone);

    /// <summary>For whoever records: no plan changes until the end of <paramref name="tx"/>.</summary>
    public static void Record(Transaction tx) => Enter(tx, _together);

    private static void Enter(Transaction tx, Sql how)
    {
        if (tx.Dialect == Dialect.Postgres)
        {
            tx.Execute(how);
        }
    }
}
