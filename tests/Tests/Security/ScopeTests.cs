using Rondo.Security;

namespace Rondo.Tests.Security;

public sealed class ScopeTests
{
    [Fact]
    public void Without_limits_everything_is_let_through()
    {
        Assert.Null(Scopes.TryParse(null, " , ", out var scopes));
        Assert.False(scopes.IsLimited);
        Assert.True(scopes.AllowsTopic("admin-notifications") && scopes.AllowsDevice("m") && scopes.NamesDevice("m"));
    }

    [Fact]
    public void Devices_are_let_through_by_name_or_by_how_they_begin_with_their_own_topics_and_no_other()
    {
        Assert.Null(Scopes.TryParse(null, "kitchen, site-7-*", out var scopes));
        Assert.True(scopes.AllowsDevice("kitchen") && scopes.AllowsDevice("site-7-a") && scopes.NamesDevice("site-7-"));
        Assert.False(scopes.AllowsDevice("kitchen2") || scopes.AllowsDevice("Kitchen") || scopes.AllowsDevice("site-8") || scopes.NamesDevice(""));
        Assert.True(scopes.AllowsTopic("devices.kitchen") && scopes.AllowsTopic("devices.site-7-b"));
        Assert.False(scopes.AllowsTopic("devices.cellar") || scopes.AllowsTopic("global") || scopes.AllowsTopic("devices") || scopes.AllowsTopic("jobs.devices.kitchen"));
    }

    [Fact]
    public void Topics_alone_name_no_device_but_let_their_own_through()
    {
        Assert.Null(Scopes.TryParse("global,jobs.*", null, out var scopes));
        Assert.True(scopes.AllowsTopic("global") && scopes.AllowsTopic("jobs.payments") && scopes.AllowsDevice("m"));
        Assert.False(scopes.AllowsTopic("globals") || scopes.AllowsTopic("devices.m") || scopes.NamesDevice("m"));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a*b")]
    [InlineData("**")]
    [InlineData("a\u0001")]
    public void What_is_no_name_is_told(string name) => Assert.NotNull(Scopes.TryParse(name, null, out _));

    [Fact]
    public void Too_many_names_are_told() => Assert.Contains("101 devices", Scopes.TryParse(null, string.Join(',', Enumerable.Range(0, 101)), out _));

    [Fact]
    public void Roles_include_those_below_and_ingest_stands_apart()
    {
        Assert.All(Roles.All, role => Assert.True(Role.Admin.Includes(role) && role.Includes(role) && Roles.TryParse(role.Text(), out var read) && read == role));
        Assert.True(Role.Operator.Includes(Role.Viewer) && Role.Operator.Includes(Role.Ingest));
        Assert.False(Role.Operator.Includes(Role.Admin) || Role.Viewer.Includes(Role.Operator) || Role.Viewer.Includes(Role.Ingest) || Role.Ingest.Includes(Role.Viewer));
        Assert.False(Roles.TryParse("Admin", out _) || Roles.TryParse(null, out _));
    }
}
