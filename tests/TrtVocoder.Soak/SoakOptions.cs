namespace TrtVocoder.Soak;

/// <summary>How long and how hard the service is soaked.</summary>
/// <param name="Requests">Requests of all clients together.</param>
/// <param name="Limit">Ends it earlier.</param>
/// <param name="Clients">Clients at a time, each with one request after the other.</param>
/// <param name="Seed">Of everything random.</param>
public sealed record SoakOptions(int Requests, TimeSpan Limit, int Clients = 32, int Seed = 1);
