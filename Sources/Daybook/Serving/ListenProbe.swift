import DaybookModel
import NIOPosix

/// Finds out whether an address can be listened on before anything else is done: a server that
/// can't be reached should not begin an epoch.
enum ListenProbe {
  /// Throws `unreachable`.
  static func check(_ address: ServerAddress) async throws {
    do {
      let probe = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      try await probe.bind(host: address.host, port: address.port).get().close()
    } catch {
      throw DaybookError(
        .unreachable,
        "can't listen on \(address): is another server running there, or is it no address of this "
          + "machine?", cause: error)
    }
  }
}
