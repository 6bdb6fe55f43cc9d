import ArgumentParser
import DaybookModel
import Mirror
import Server

struct MirrorResume: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Let a topic be mirrored into again.")

  @OptionGroup var data: DataOption
  @Option(help: "The topic that has the events.") var topic = MirrorSettings.standardTopic

  func validate() throws { try TopicName.check(topic) }

  func run() throws {
    let isNew = try data.open().pauseMirror(topic, false)
    try printToStandardOutput(isNew ? "goes on" : "it was not paused")
  }
}
