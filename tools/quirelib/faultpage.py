import pickle
def write_page(file, recording, argv, ending, trouble):
    pickle.dump((recording.faults.__dict__, recording.events, recording.regions, {k:v.texts for k,v in recording.spaces.items()}), open('/tmp/see-rec.pkl','wb'))
    print(len(recording.faults), ending, trouble)
