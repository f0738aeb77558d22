using Rondo.Live;
using Rondo.Live.Pusher;

namespace Rondo.Tests.Live;

/// <summary>Addresses: one writing for each, so that what is told and what is listened to are the same text.</summary>
public sealed class TopicTests
{
    [Theory]
    [InlineData("devices.7")]
    [InlineData("categories.caf%C3%A9")]
    [InlineData("categories.50%25")]
    [InlineData("metrics.power.total")]
    [InlineData("jobs.A")]
    [InlineData("imports.12")]
    [InlineData("global")]
    [InlineData("admin-notifications")]
    public void As_it_is_written_here_it_is_one(string topic)
    {
        Assert.True(Topics.IsKnown(topic));
        Assert.Equal(topic, PusherChannel.TopicOf("private-" + topic, out _));
    }

    [Theory]
    [InlineData("devices.007")]
    [InlineData("devices.+7")]
    [InlineData("devices.%37")]
    [InlineData("categories.caf%c3%a9")]
    [InlineData("categories.%FF")]
    [InlineData("categories.100%")]
    [InlineData("jobs.%41")]
    [InlineData("metrics.")]
    [InlineData("imports.%2")]
    public void Written_otherwise_it_is_none_since_nothing_would_be_told_on_it(string topic)
    {
        Assert.False(Topics.IsKnown(topic));
        Assert.Null(PusherChannel.TopicOf("private-" + topic, out _));
    }

    [Theory]
    [InlineData("caf\u00e9 \u20ac")]
    [InlineData("50%")]
    [InlineData("a/b,c d")]
    [InlineData("%41")]
    public void Whatever_has_a_name_has_a_topic_that_is_known_and_says_it(string name)
    {
        Assert.True(Topics.IsKnown(Topics.Category(name)) && Topics.IsKnown(Topics.Metric(name)) && Topics.IsKnown(Topics.Queue(name)));
        Assert.Equal((name, name, name), (Topics.CategoryOf(Topics.Category(name)), Topics.MetricOf(Topics.Metric(name)), Topics.QueueOf(Topics.Queue(name))));
    }
}
