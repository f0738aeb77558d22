using Rondo.Jobs;
using Rondo.Jobs.Links;

namespace Rondo.Tests.Jobs.Links;

/// <summary>What tests of chains and batches have in common.</summary>
internal static class LinkRig
{
    public static JobOperations Operations(JobRig rig) => new(
        rig.Database, new JobHandlers().AddForEnqueue<Work>("work"), rig.Options, topic =>
        {
            if (topic == JobServer.IntentTopic)
            {
                rig.Server.WakeForIntent();
            }
            else
            {
                rig.Server.Wake();
            }
        });

    /// <summary>The first reason, with its code.</summary>
    public static async Task<string> ExplainAsync(JobRig rig, long id)
    {
        var reason = (await Operations(rig).ExplainAsync(id))!.Reasons[0];
        return $"{reason.Code}: {reason.Message}";
    }

    /// <summary>What upkeep does each second, until there is nothing left to do.</summary>
    public static void CatchUp(JobRig rig)
    {
        var followers = new Followers(rig.Database, rig.Options);
        for (var n = 0; n < 20 && (followers.CatchUp() is { IsMore: true } || n == 0); n++)
        {
            // Once more.
        }

        followers.CatchUp();
    }
}
