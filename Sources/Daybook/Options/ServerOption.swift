import ArgumentParser
import DaybookSDK
import DaybookModel

/// Which server, and as whom.
struct ServerOption: ParsableArguments {
  @Option(name: .customLong("server"), help: "The server, as host:port.")
  var address: String

  @Option(help: "A token; 'daybook token' makes one.")
  var token: String

  func client(
    _ configure: (inout ClientConfiguration) -> Void = { _ in }
  ) throws(DaybookError) -> DaybookClient {
    do throws(ClientError) {
      var configuration = try ClientConfiguration(server: address, token: token)
      configuration.clientName = "daybook-cli"
      configure(&configuration)
      return try DaybookClient(configuration)
    } catch {
      throw error.asDaybookError
    }
  }
}

/// Runs `body`; what the SDK throws comes out as what the CLI reports.
func asDaybookError<T>(_ body: () async throws -> T) async throws -> T {
  do {
    return try await body()
  } catch let error as ClientError {
    throw error.asDaybookError
  }
}
