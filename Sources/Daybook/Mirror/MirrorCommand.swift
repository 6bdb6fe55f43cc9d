import ArgumentParser

struct MirrorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mirror",
    abstract: "Keep a topic of Kafka equal to the log, and prove that it is.",
    discussion: """
      Partition i of the topic is partition i of the log: every event once, in order, its bytes \
      unchanged. All of these work beside a running server, and on the folder of a stopped one.
      """,
    subcommands: [
      MirrorPlan.self, MirrorRun.self, MirrorStatus.self, MirrorVerify.self, MirrorPause.self,
      MirrorResume.self,
    ])
}
